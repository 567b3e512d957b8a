with newest as (
    {{ newest_versions('wishlist_items') }}
),

wishlist_items as (
    select
        company_id,
        id as wishlist_item_id,
        wishlist_id,
        product_id,
        variant_id,
        priority,
        added_at
    from newest
)

select * from wishlist_items
