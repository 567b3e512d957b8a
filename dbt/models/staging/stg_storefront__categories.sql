with newest as (
    {{ newest_versions('categories') }}
),

categories as (
    select
        company_id,
        id as category_id,
        parent_id as parent_category_id,
        name,
        slug,
        level,
        path,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from categories
