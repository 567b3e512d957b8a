with ancestors as (
    select * from {{ ref('int_category_ancestors') }}
),

srv_category_tree as (
    select
        company_id,
        ancestor_category_id,
        category_id
    from ancestors
)

select * from srv_category_tree
