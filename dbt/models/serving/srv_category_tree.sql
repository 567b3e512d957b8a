with ancestors as (
    select * from {{ ref('dim_category_ancestors') }}
),

srv_category_tree as (
    select * from ancestors
)

select * from srv_category_tree
