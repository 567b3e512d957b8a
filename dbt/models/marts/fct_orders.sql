{# A view: the rows stand in the intermediate table already. #}
{{ config(materialized='view') }}

with orders as (
    select * from {{ ref('int_orders_totalled') }}
),

fct_orders as (
    select
        company_id,
        order_id,
        order_number,
        shop_id,
        customer_id,
        customer_id is null as is_guest,
        placed_by,
        status as order_status,
        payment_status,
        placed_at,
        placed_date,
        lines_count,
        ordered_units,
        units,
        kept_units,
        prices_include_tax,
        subtotal_amount,
        shipping_amount,
        discount_amount,
        tax_amount,
        total_amount,
        sales_discount_amount,
        net_sales_amount,
        sales_tax_amount,
        costed_net_sales_amount,
        cost_amount,
        cast(costed_net_sales_amount - cost_amount as decimal(14, 2)) as margin_amount,
        kept_net_sales_amount,
        kept_margin_amount,
        captured_amount,
        refunded_amount,
        cast(captured_amount - refunded_amount as decimal(14, 2)) as net_receipts_amount
    from orders
)

select * from fct_orders
