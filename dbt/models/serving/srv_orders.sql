-- Narrow on purpose: whoever counts buyers over any days reads every row of them.
with orders as (
    select * from {{ ref('fct_orders') }}
    where units > 0
),

customers as (
    select * from {{ ref('dim_customer') }}
),

srv_orders as (
    select
        orders.company_id,
        orders.order_number,
        orders.placed_date as order_date,
        orders.shop_id,
        customers.customer_number,
        coalesce(customers.segment, 'guest') as customer_segment,
        coalesce(orders.order_id = customers.first_order_id, false) as is_first_order,
        orders.units,
        orders.net_sales_amount,
        orders.margin_amount,
        orders.kept_net_sales_amount
    from orders
    left join customers
        on orders.company_id = customers.company_id and orders.customer_id = customers.customer_id
)

select * from srv_orders
