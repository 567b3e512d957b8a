with shops as (
    select * from {{ ref('stg_storefront__shops') }}
),

first_locations as (
    select * from {{ ref('int_shops_first_location') }}
),

-- A country is written as people write it; its code is known where its holidays are.
countries as (
    select distinct company_id, country, country_code
    from {{ ref('dim_holiday') }}
),

dim_shop as (
    select
        shops.company_id,
        shops.shop_id,
        shops.name,
        shops.slug,
        shops.city,
        shops.country,
        countries.country_code,
        first_locations.location_id as first_location_id,
        shops.is_active and shops.archived_at is null as is_active
    from shops
    left join first_locations
        on shops.company_id = first_locations.company_id and shops.shop_id = first_locations.shop_id
    left join countries on shops.company_id = countries.company_id and trim(shops.country) = countries.country
)

select * from dim_shop
