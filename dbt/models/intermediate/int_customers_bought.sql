-- One row per customer with an order of which something was not cancelled: first, second and last, and sums.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_customers_changed',
            'replaces': 'target.company_id = changed.company_id'
                ~ ' and target.customer_id = changed.customer_id',
        },
    )
}}

with orders_totalled as (
    select * from {{ ref('int_orders_totalled') }}
),

customers_changed as (
    select * from {{ ref('int_customers_changed') }}
),

orders as (
    select orders_totalled.*
    from
        orders_totalled
    {%- if is_incremental() %}
    inner join customers_changed
        on
            orders_totalled.company_id = customers_changed.company_id
            and orders_totalled.customer_id = customers_changed.customer_id
    {%- endif %}
    where orders_totalled.customer_id is not null and orders_totalled.units > 0
),

summed as (
    select
        company_id,
        customer_id,
        min(placed_at) as first_placed_at,
        min(placed_date) as first_order_date,
        max(placed_date) as last_order_date,
        count(*) as orders_count,
        sum(units) as units,
        sum(net_sales_amount) as net_sales_amount,
        sum(costed_net_sales_amount - cost_amount) as margin_amount,
        sum(kept_net_sales_amount) as kept_net_sales_amount,
        sum(kept_margin_amount) as kept_margin_amount
    from orders
    group by company_id, customer_id
),

-- A checkout of several shops places its orders at one instant: the lowest id is first, the next is second.
placed as (
    select
        orders.company_id,
        orders.customer_id,
        min(case when orders.placed_at = summed.first_placed_at then orders.order_id end) as first_order_id,
        sum(case when orders.placed_at = summed.first_placed_at then 1 else 0 end) as first_orders_count,
        min(case when orders.placed_at > summed.first_placed_at then orders.placed_date end) as later_date
    from orders
    inner join summed
        on orders.company_id = summed.company_id and orders.customer_id = summed.customer_id
    group by orders.company_id, orders.customer_id
),

bought as (
    select
        summed.*,
        placed.first_order_id,
        case when placed.first_orders_count > 1 then summed.first_order_date else placed.later_date end
            as second_order_date
    from summed
    inner join placed
        on summed.company_id = placed.company_id and summed.customer_id = placed.customer_id
)

select * from bought
