with prices as (
    select * from {{ ref('dim_variant_prices') }}
),

srv_variant_prices as (
    select * from prices
)

select * from srv_variant_prices
