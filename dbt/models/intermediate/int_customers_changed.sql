-- One row per customer who has an order of which something was fed since the last build, or had it then.
with orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

lines_before as (
    select * from {{ ref('int_order_lines_before') }}
),

orders as (
    select * from {{ ref('int_orders_dated') }}
),

changed as (
    select company_id, customer_id
    from lines_before
    where customer_id is not null
    union
    select orders.company_id, orders.customer_id
    from orders
    inner join orders_changed
        on orders.company_id = orders_changed.company_id and orders.order_id = orders_changed.order_id
    where orders.customer_id is not null
)

select * from changed
