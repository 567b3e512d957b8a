{#
    One row per order of which something was fed since the last build: the order itself, a line, a charge or
    a reservation.
#}
{%- set built = last_built_pull() | int %}

with orders as (
    select * from {{ ref('stg_storefront__orders') }}
    where pull_number > {{ built }}
),

order_lines as (
    select * from {{ ref('stg_storefront__order_lines') }}
    where pull_number > {{ built }}
),

order_charges as (
    select * from {{ ref('stg_storefront__order_charges') }}
    where pull_number > {{ built }} and order_id is not null
),

reservations as (
    select * from {{ ref('stg_storefront__reservations') }}
    where pull_number > {{ built }} and owner_type = 'order'
),

changed as (
    select company_id, order_id from orders
    union
    select company_id, order_id from order_lines
    union
    select company_id, order_id from order_charges
    union
    select company_id, owner_id as order_id from reservations
)

select * from changed
