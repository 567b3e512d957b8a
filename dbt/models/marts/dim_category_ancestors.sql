with ancestors as (
    select * from {{ ref('int_category_ancestors') }}
),

dim_category_ancestors as (
    select
        company_id,
        ancestor_category_id,
        category_id
    from ancestors
)

select * from dim_category_ancestors
