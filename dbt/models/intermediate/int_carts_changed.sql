-- One row per cart of which something was fed since the last build, or that is gone: what nobody bought is
-- forgotten after a while.
{%- set built = last_built_pull() | int %}

with carts as (
    select * from {{ ref('stg_storefront__carts') }}
    where pull_number > {{ built }}
),

cart_lines as (
    select * from {{ ref('stg_storefront__cart_lines') }}
    where pull_number > {{ built }}
),

deletions as (
    select * from {{ ref('stg_feed__deletions') }}
    where pull_number > {{ built }} and table_name = 'carts'
),

changed as (
    select company_id, cart_id from carts
    union
    select company_id, cart_id from cart_lines
    union
    select company_id, row_id as cart_id from deletions
)

select * from changed
