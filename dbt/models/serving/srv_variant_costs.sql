with costs as (
    select * from {{ ref('dim_variant_costs') }}
),

srv_variant_costs as (
    select * from costs
)

select * from srv_variant_costs
