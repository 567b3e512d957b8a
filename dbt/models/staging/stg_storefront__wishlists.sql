with newest as (
    {{ newest_versions('wishlists') }}
),

wishlists as (
    select
        company_id,
        id as wishlist_id,
        customer_id,
        is_default,
        is_public,
        created_at
    from newest
)

select * from wishlists
