{#
    One row per variant that was ever sold: the day of its first sale and the last day on which a missing unit
    counts. Nobody wrote down when a variant was discontinued, so it ends when it was archived, else with its last
    sale.
#}
with order_lines as (
    select * from {{ ref('int_sold_by_day') }}
),

variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

products as (
    select * from {{ ref('stg_storefront__products') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

sold as (
    select company_id, variant_id, min(sales_date) as first_sold_date, max(sales_date) as last_sold_date
    from order_lines
    group by company_id, variant_id
),

with_end as (
    select
        sold.company_id,
        sold.variant_id,
        sold.first_sold_date,
        sold.last_sold_date,
        {{ local_date('least(variants.archived_at, products.archived_at)', 'companies.timezone') }}
            as archived_date,
        variants.is_discontinued or products.status = 'archived' as is_discontinued
    from sold
    inner join variants on sold.company_id = variants.company_id and sold.variant_id = variants.variant_id
    inner join products
        on variants.company_id = products.company_id and variants.product_id = products.product_id
    inner join companies on sold.company_id = companies.company_id
),

lifetimes as (
    select
        company_id,
        variant_id,
        first_sold_date,
        case
            when is_discontinued then least(coalesce(archived_date, last_sold_date), last_sold_date)
            else coalesce(archived_date, date '9999-12-30')
        end as last_date
    from with_end
)

select * from lifetimes
