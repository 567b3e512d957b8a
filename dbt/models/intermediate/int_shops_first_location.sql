-- One row per shop: the location that serves it first. A shop without one draws on the company's first.
-- A view: what is fed now is compared with what was built last (pipelines/build_scope.py).
{{ config(materialized='view') }}

with shops as (
    select * from {{ ref('stg_storefront__shops') }}
),

shop_locations as (
    select * from {{ ref('stg_storefront__shop_locations') }}
),

locations as (
    select * from {{ ref('stg_storefront__locations') }}
),

ranked_of_shop as (
    select
        company_id,
        shop_id,
        location_id,
        row_number() over (partition by company_id, shop_id order by priority, location_id) as location_rank
    from shop_locations
),

first_of_shop as (
    select company_id, shop_id, location_id
    from ranked_of_shop
    where location_rank = 1
),

ranked_of_company as (
    select
        company_id,
        location_id,
        row_number() over (
            partition by company_id order by kind = 'in_transit', archived_at is not null, code, location_id
        ) as location_rank
    from locations
),

first_of_company as (
    select company_id, location_id
    from ranked_of_company
    where location_rank = 1
),

first_locations as (
    select
        shops.company_id,
        shops.shop_id,
        coalesce(first_of_shop.location_id, first_of_company.location_id) as location_id
    from shops
    left join first_of_shop
        on shops.company_id = first_of_shop.company_id and shops.shop_id = first_of_shop.shop_id
    left join first_of_company on shops.company_id = first_of_company.company_id
)

select * from first_locations
