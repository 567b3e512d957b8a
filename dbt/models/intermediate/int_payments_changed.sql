-- One row per payment of which something was fed since the last build: itself, a share, a refund, history.
{%- set built = last_built_pull() | int %}

with payments as (
    select * from {{ ref('stg_storefront__payments') }}
    where pull_number > {{ built }}
),

allocations as (
    select * from {{ ref('stg_storefront__payment_allocations') }}
    where pull_number > {{ built }}
),

history as (
    select * from {{ ref('stg_storefront__payment_history') }}
    where pull_number > {{ built }}
),

changed as (
    select company_id, payment_id from payments
    union
    select company_id, payment_id from allocations
    union
    select company_id, payment_id from history
)

select * from changed
