with shop_locations as (
    select * from {{ ref('stg_storefront__shop_locations') }}
),

first_locations as (
    select * from {{ ref('int_shops_first_location') }}
    where location_id is not null
),

-- A shop without a location of its own draws on the company's first.
served as (
    select company_id, shop_id, location_id from shop_locations
    union
    select company_id, shop_id, location_id from first_locations
),

fct_shop_locations as (
    select
        company_id,
        shop_id,
        location_id
    from served
)

select * from fct_shop_locations
