with stock_spans as (
    select * from {{ ref('fct_stock_spans') }}
),

srv_stock_spans as (
    select
        company_id,
        location_id,
        variant_id,
        span_date,
        days_count,
        demand_units,
        wanted_units,
        short_units,
        net_sales_amount,
        margin_amount,
        opening_units,
        received_units,
        sold_units,
        returned_units,
        adjusted_units,
        transferred_units,
        lost_units,
        closing_units,
        unit_cost_amount
    from stock_spans
)

select * from srv_stock_spans
