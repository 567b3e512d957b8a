-- One row per company and day on which an order was placed of which something changed since the last build.
with orders as (
    select * from {{ ref('int_orders_dated') }}
),

orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

changed as (
    select distinct
        orders.company_id,
        orders.placed_date as changed_date
    from orders
    inner join orders_changed
        on orders.company_id = orders_changed.company_id and orders.order_id = orders_changed.order_id
)

select * from changed
