with newest as (
    {{ newest_versions('carts') }}
),

carts as (
    select
        company_id,
        id as cart_id,
        customer_id,
        customer_id is null as is_guest,
        status,
        last_activity_at,
        expires_at,
        abandoned_at,
        converted_at,
        merged_into_cart_id,
        created_at,
        pull_number
    from newest
)

select * from carts
