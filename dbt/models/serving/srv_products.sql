with variants as (
    select * from {{ ref('dim_variant') }}
),

srv_products as (
    select
        company_id,
        product_id,
        variant_id,
        sku,
        product_name,
        variant_name,
        category_name,
        unit_price_amount,
        unit_cost_amount,
        is_sellable,
        is_assumed
    from variants
)

select * from srv_products
