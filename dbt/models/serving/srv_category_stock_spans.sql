with stock_spans as (
    select * from {{ ref('fct_category_stock_spans') }}
),

categories as (
    select * from {{ ref('dim_category') }}
),

srv_category_stock_spans as (
    select
        stock_spans.company_id,
        stock_spans.location_id,
        stock_spans.category_id,
        categories.top_category_id,
        stock_spans.span_date,
        stock_spans.days_count,
        stock_spans.wanted_units,
        stock_spans.short_units,
        stock_spans.margin_amount,
        stock_spans.opening_units,
        stock_spans.received_units,
        stock_spans.sold_units,
        stock_spans.returned_units,
        stock_spans.adjusted_units,
        stock_spans.transferred_units,
        stock_spans.lost_units,
        stock_spans.lost_value_amount,
        stock_spans.cost_of_sales_amount,
        stock_spans.closing_units,
        stock_spans.closing_value_amount,
        stock_spans.uncosted_units
    from stock_spans
    left join categories
        on stock_spans.company_id = categories.company_id and stock_spans.category_id = categories.category_id
)

select * from srv_category_stock_spans
