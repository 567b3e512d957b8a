with restock_lines as (
    select * from {{ ref('int_restock_lines_dated') }}
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
        cast(
            greatest(case when sent_date <= horizon_date then horizon_date else pulled_date end - sent_date, 0)
            as integer
        ) as age_days,
        is_assumed
    from restock_lines
    where open_units > 0
)

select * from fct_open_restock_lines
