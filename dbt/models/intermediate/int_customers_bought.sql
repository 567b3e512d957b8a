-- One row per customer with an order of which something was not cancelled: first and last order, and sums.
with orders as (
    select * from {{ ref('int_orders_totalled') }}
    where customer_id is not null and units > 0
),

summed as (
    select
        company_id,
        customer_id,
        min(placed_at) as first_placed_at,
        min(placed_date) as first_order_date,
        max(placed_date) as last_order_date,
        count(*) as orders_count,
        count(distinct placed_date) as order_days_count,
        sum(units) as units,
        sum(net_sales_amount) as net_sales_amount,
        sum(costed_net_sales_amount - cost_amount) as margin_amount,
        sum(kept_net_sales_amount) as kept_net_sales_amount,
        sum(kept_margin_amount) as kept_margin_amount
    from orders
    group by company_id, customer_id
),

-- A checkout of several shops places its orders at one instant: the lowest id is the first.
first_orders as (
    select orders.company_id, orders.customer_id, min(orders.order_id) as first_order_id
    from orders
    inner join summed
        on
            orders.company_id = summed.company_id
            and orders.customer_id = summed.customer_id
            and orders.placed_at = summed.first_placed_at
    group by orders.company_id, orders.customer_id
),

-- The next order may be of the same day.
second_orders as (
    select orders.company_id, orders.customer_id, min(orders.placed_date) as second_order_date
    from orders
    inner join first_orders
        on orders.company_id = first_orders.company_id and orders.customer_id = first_orders.customer_id
    where orders.order_id <> first_orders.first_order_id
    group by orders.company_id, orders.customer_id
),

bought as (
    select
        summed.*,
        first_orders.first_order_id,
        second_orders.second_order_date
    from summed
    inner join first_orders
        on summed.company_id = first_orders.company_id and summed.customer_id = first_orders.customer_id
    left join second_orders
        on summed.company_id = second_orders.company_id and summed.customer_id = second_orders.customer_id
)

select * from bought
