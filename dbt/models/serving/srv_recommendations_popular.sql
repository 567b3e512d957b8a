with popular as (
    select * from {{ source('model_results', 'recommendations_popular') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

products as (
    select company_id, product_id, min(product_name) as product_name
    from variants
    group by company_id, product_id
),

srv_recommendations_popular as (
    select
        popular.company_id,
        popular.item_id,
        products.product_name,
        cast(popular.rank as integer) as rank,
        popular.score,
        cast(popular.buyers as integer) as buyers,
        popular.run_id,
        popular.computed_at
    from popular
    inner join products on popular.company_id = products.company_id and popular.item_id = products.product_id
)

select * from srv_recommendations_popular
