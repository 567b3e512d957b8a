with newest as (
    {{ newest_versions('shipping_zone_areas') }}
),

shipping_zone_areas as (
    select
        company_id,
        id as shipping_zone_area_id,
        zone_id as shipping_zone_id,
        position,
        country,
        region,
        postal_prefix,
        postal_from,
        postal_to,
        fixed_characters
    from newest
)

select * from shipping_zone_areas
