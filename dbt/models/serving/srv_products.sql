with variants as (
    select * from {{ ref('dim_variant') }}
),

categories as (
    select * from {{ ref('dim_category') }}
),

classes as (
    select * from {{ ref('fct_variant_classes') }}
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
        classes.abc_class,
        classes.xyz_class,
        variants.unit_price_amount,
        variants.unit_cost_amount,
        variants.is_sellable,
        variants.is_assumed
    from variants
    left join categories
        on variants.company_id = categories.company_id and variants.category_id = categories.category_id
    left join classes
        on variants.company_id = classes.company_id and variants.variant_id = classes.variant_id
)

select * from srv_products
