with newest as (
    {{ newest_versions('checkouts') }}
),

checkouts as (
    select
        company_id,
        id as checkout_id,
        cart_id,
        customer_id,
        customer_id is null as is_guest,
        currency,
        amount,
        expires_at,
        created_at
    from newest
)

select * from checkouts
