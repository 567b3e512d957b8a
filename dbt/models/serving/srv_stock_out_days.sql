with out_days as (
    select * from {{ ref('fct_stock_out_days') }}
),

srv_stock_out_days as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        out_of_stock_seconds,
        expected_units,
        lost_units,
        lost_sales_amount
    from out_days
)

select * from srv_stock_out_days
