with restock_lines as (
    select * from {{ ref('int_restock_lines_dated') }}
    where open_units > 0
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

-- Its age is counted to the horizon; of a line that was sent after it, to the pull.
with_age as (
    select
        restock_lines.*,
        case
            when restock_lines.sent_date <= companies.horizon_date
                then {{ days_between('restock_lines.sent_date', 'companies.horizon_date') }}
            when restock_lines.sent_date is not null
                then greatest({{ days_between('restock_lines.sent_date', 'companies.pulled_date') }}, 0)
        end as age_days
    from restock_lines
    inner join companies on restock_lines.company_id = companies.company_id
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
