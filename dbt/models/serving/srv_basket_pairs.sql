with pairs as (
    select * from {{ source('model_results', 'basket_pairs') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

products as (
    select company_id, product_id, min(product_name) as product_name
    from variants
    group by company_id, product_id
),

srv_basket_pairs as (
    select
        pairs.company_id,
        pairs.item_id as product_id,
        products.product_name,
        pairs.other_item_id as other_product_id,
        others.product_name as other_product_name,
        cast(pairs.rank as integer) as rank,
        cast(pairs.common_baskets as integer) as orders_count,
        cast(pairs.item_baskets as integer) as product_orders_count,
        cast(pairs.other_baskets as integer) as other_orders_count,
        cast(pairs.baskets_count as integer) as baskets_count,
        cast(pairs.common_baskets as double) / pairs.baskets_count as support_ratio,
        cast(pairs.common_baskets as double) / pairs.item_baskets as confidence_ratio,
        cast(pairs.common_baskets as double) / pairs.other_baskets as other_confidence_ratio,
        cast(pairs.common_baskets as double) * pairs.baskets_count / pairs.item_baskets / pairs.other_baskets
            as lift
    from pairs
    inner join products on pairs.company_id = products.company_id and pairs.item_id = products.product_id
    inner join products as others
        on pairs.company_id = others.company_id and pairs.other_item_id = others.product_id
)

select * from srv_basket_pairs
