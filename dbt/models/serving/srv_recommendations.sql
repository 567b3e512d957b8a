with recommendations as (
    select * from {{ source('model_results', 'recommendations') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

products as (
    select company_id, product_id, min(product_name) as product_name
    from variants
    group by company_id, product_id
),

srv_recommendations as (
    select
        recommendations.company_id,
        recommendations.customer_id,
        recommendations.shelf,
        cast(recommendations.rank as integer) as rank,
        recommendations.item_id,
        products.product_name,
        recommendations.score,
        recommendations.reason_code,
        recommendations.reason_item_id,
        reason_products.product_name as reason_product_name,
        cast(recommendations.reason_count as integer) as reason_count,
        recommendations.reason_last_date,
        recommendations.model_version,
        recommendations.run_id,
        recommendations.computed_at
    from recommendations
    inner join products
        on recommendations.company_id = products.company_id and recommendations.item_id = products.product_id
    left join products as reason_products
        on
            recommendations.company_id = reason_products.company_id
            and recommendations.reason_item_id = reason_products.product_id
)

select * from srv_recommendations
