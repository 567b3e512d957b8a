with newest as (
    {{ newest_versions('banners') }}
),

banners as (
    select
        company_id,
        id as banner_id,
        shop_id,
        category_id,
        title,
        subtitle,
        image_url,
        link_url,
        position,
        product_ids,
        display_order,
        is_active,
        valid_from,
        valid_until,
        archived_at,
        created_at
    from newest
)

select * from banners
