with product_sales as (
    select * from {{ ref('fct_product_sales_daily') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

srv_product_sales_daily as (
    select
        product_sales.*,
        variants.sku,
        variants.product_name,
        variants.variant_name,
        variants.category_name
    from product_sales
    inner join variants
        on product_sales.company_id = variants.company_id and product_sales.variant_id = variants.variant_id
)

select * from srv_product_sales_daily
