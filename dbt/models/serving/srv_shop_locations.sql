with shop_locations as (
    select * from {{ ref('fct_shop_locations') }}
),

srv_shop_locations as (
    select
        company_id,
        shop_id,
        location_id
    from shop_locations
)

select * from srv_shop_locations
