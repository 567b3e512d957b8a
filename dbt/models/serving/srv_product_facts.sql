with products as (
    select * from {{ ref('dim_product') }}
),

srv_product_facts as (
    select
        company_id,
        product_id,
        sku,
        product_name,
        category_id,
        category_name,
        brand,
        status,
        variants_count,
        is_sellable,
        introduced_date,
        is_new,
        first_sold_date,
        last_sold_date
    from products
)

select * from srv_product_facts
