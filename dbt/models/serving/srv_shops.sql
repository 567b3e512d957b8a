with shops as (
    select * from {{ ref('dim_shop') }}
),

srv_shops as (
    select
        company_id,
        shop_id,
        name as shop_name,
        city,
        country,
        country_code,
        is_active
    from shops
)

select * from srv_shops
