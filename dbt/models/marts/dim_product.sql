with products as (
    select * from {{ ref('stg_storefront__products') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

categories as (
    select * from {{ ref('dim_category') }}
),

of_variants as (
    select
        company_id,
        product_id,
        count(*) as variants_count,
        max(case when is_sellable then 1 else 0 end) as sellable_count,
        min(first_sold_date) as first_sold_date,
        max(last_sold_date) as last_sold_date
    from variants
    group by company_id, product_id
),

dated as (
    select
        products.*,
        companies.horizon_date,
        {{ local_date('coalesce(products.published_at, products.created_at)', 'companies.timezone') }}
            as offered_date
    from products
    inner join companies on products.company_id = companies.company_id
),

-- An imported product was written long after its first sale.
introduced as (
    select
        dated.*,
        of_variants.variants_count,
        of_variants.sellable_count,
        of_variants.first_sold_date,
        of_variants.last_sold_date,
        least(dated.offered_date, coalesce(of_variants.first_sold_date, dated.offered_date))
            as introduced_date
    from dated
    left join of_variants
        on dated.company_id = of_variants.company_id and dated.product_id = of_variants.product_id
),

dim_product as (
    select
        introduced.company_id,
        introduced.product_id,
        introduced.sku,
        introduced.name as product_name,
        introduced.category_id,
        categories.name as category_name,
        categories.top_category_id,
        introduced.brand,
        introduced.status,
        cast(coalesce(introduced.variants_count, 0) as integer) as variants_count,
        coalesce(introduced.sellable_count, 0) = 1 as is_sellable,
        introduced.introduced_date,
        introduced.introduced_date > introduced.horizon_date - 90 as is_new,
        introduced.first_sold_date,
        introduced.last_sold_date
    from introduced
    left join categories
        on introduced.company_id = categories.company_id and introduced.category_id = categories.category_id
)

select * from dim_product
