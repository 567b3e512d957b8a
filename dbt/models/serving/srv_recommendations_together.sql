with together as (
    select * from {{ source('model_results', 'recommendations_together') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

products as (
    select company_id, product_id, min(product_name) as product_name
    from variants
    group by company_id, product_id
),

srv_recommendations_together as (
    select
        together.company_id,
        together.item_id,
        together.other_item_id,
        products.product_name as other_product_name,
        cast(together.rank as integer) as rank,
        together.score,
        cast(together.common_baskets as integer) as common_baskets,
        together.run_id,
        together.computed_at
    from together
    inner join products
        on together.company_id = products.company_id and together.other_item_id = products.product_id
)

select * from srv_recommendations_together
