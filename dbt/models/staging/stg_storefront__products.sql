with newest as (
    {{ newest_versions('products') }}
),

products as (
    select
        company_id,
        id as product_id,
        category_id,
        shop_id,
        sku,
        name,
        brand,
        price_amount,
        sale_price_amount,
        cost_amount,
        sold_units,
        status,
        is_active,
        is_assumed,
        published_at,
        archived_at,
        created_at
    from newest
)

select * from products
