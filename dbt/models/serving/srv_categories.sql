with categories as (
    select * from {{ ref('dim_category') }}
),

srv_categories as (
    select
        company_id,
        category_id,
        name as category_name,
        category_path,
        parent_category_id,
        top_category_id,
        level,
        is_active
    from categories
)

select * from srv_categories
