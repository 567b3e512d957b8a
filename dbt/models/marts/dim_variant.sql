with variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

products as (
    select * from {{ ref('stg_storefront__products') }}
),

categories as (
    select * from {{ ref('stg_storefront__categories') }}
),

order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

sold as (
    select
        company_id,
        variant_id,
        min(placed_date) as first_sold_date,
        max(placed_date) as last_sold_date
    from order_lines
    where sold_units > 0
    group by company_id, variant_id
),

dim_variant as (
    select
        variants.company_id,
        variants.variant_id,
        variants.product_id,
        variants.sku,
        products.name as product_name,
        variants.name as variant_name,
        products.category_id,
        categories.name as category_name,
        products.brand,
        cast(
            coalesce(products.sale_price_amount, products.price_amount) + variants.price_modifier_amount
            as decimal(18, 6)
        ) as unit_price_amount,
        coalesce(variants.cost_amount, products.cost_amount) as unit_cost_amount,
        products.status = 'published' and products.is_active and products.archived_at is null
        and variants.is_active and variants.archived_at is null as is_sellable,
        variants.is_discontinued or variants.archived_at is not null or products.archived_at is not null
        or products.status = 'archived' as is_discontinued,
        products.is_assumed,
        sold.first_sold_date,
        sold.last_sold_date
    from variants
    inner join products
        on variants.company_id = products.company_id and variants.product_id = products.product_id
    left join categories
        on products.company_id = categories.company_id and products.category_id = categories.category_id
    left join sold on variants.company_id = sold.company_id and variants.variant_id = sold.variant_id
)

select * from dim_variant
