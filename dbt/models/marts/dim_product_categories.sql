{# A product is in a category until it moves; of several moves in one transaction the last counts. #}
with product_category_history as (
    select * from {{ ref('stg_storefront__product_category_history') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

followed as (
    select
        *,
        lead(valid_from_at) over (
            partition by company_id, product_id
            order by valid_from_at, product_category_history_id
        ) as valid_to_at
    from product_category_history
),

dim_product_categories as (
    select
        followed.company_id,
        followed.product_id,
        followed.valid_from_at,
        followed.valid_to_at,
        {{ local_date('followed.valid_from_at', 'companies.timezone') }} as valid_from_date,
        followed.valid_to_at is null as is_current,
        followed.category_id,
        followed.is_assumed,
        followed.reason
    from followed
    inner join companies on followed.company_id = companies.company_id
    where followed.valid_to_at is null or followed.valid_to_at > followed.valid_from_at
)

select * from dim_product_categories
