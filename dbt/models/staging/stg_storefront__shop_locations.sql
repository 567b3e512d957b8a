with newest as (
    {{ newest_versions('shop_locations', key=['shop_id', 'location_id']) }}
),

shop_locations as (
    select
        company_id,
        shop_id,
        location_id,
        priority,
        created_at
    from newest
)

select * from shop_locations
