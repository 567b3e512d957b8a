with newest as (
    {{ newest_versions('shipping_zones') }}
),

shipping_zones as (
    select
        company_id,
        id as shipping_zone_id,
        shop_id,
        name,
        priority,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from shipping_zones
