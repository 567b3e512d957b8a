with variants as (
    select * from {{ ref('dim_variant') }}
),

categories as (
    select * from {{ ref('dim_category') }}
),

srv_products as (
    select
        variants.company_id,
        variants.product_id,
        variants.variant_id,
        variants.sku,
        variants.product_name,
        variants.variant_name,
        variants.category_id,
        variants.category_name,
        categories.top_category_id,
        variants.brand,
        variants.unit_price_amount,
        variants.unit_cost_amount,
        variants.is_sellable,
        variants.is_assumed
    from variants
    left join categories
        on variants.company_id = categories.company_id and variants.category_id = categories.category_id
)

select * from srv_products
