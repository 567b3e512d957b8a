-- One row per order of which something was fed since the last build, also what was paid or paid back for it.
{%- set built = last_built_pull() | int %}

with orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

allocations as (
    select * from {{ ref('stg_storefront__payment_allocations') }}
    where pull_number > {{ built }}
),

changed as (
    select company_id, order_id from orders_changed
    union
    select company_id, order_id from allocations
)

select * from changed
