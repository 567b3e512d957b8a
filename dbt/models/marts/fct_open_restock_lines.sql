with restock_lines as (
    select * from {{ ref('int_restock_lines_dated') }}
),

-- Its age is counted to the horizon; of a line that was sent after it, to the pull.
with_age as (
    select
        *,
        case
            when sent_date <= horizon_date then {{ days_between('sent_date', 'horizon_date') }}
            when sent_date is not null then greatest({{ days_between('sent_date', 'pulled_date') }}, 0)
        end as age_days
    from restock_lines
    where open_units > 0
),

fct_open_restock_lines as (
    select
        company_id,
        restock_order_line_id,
        restock_order_id,
        restock_number,
        status,
        supplier_id,
        variant_id,
        location_id,
        ordered_units,
        received_units,
        open_units,
        sent_date,
        expected_date,
        cast(age_days as integer) as age_days,
        is_assumed
    from with_age
)

select * from fct_open_restock_lines
