{#
    One row per category and each category that it lies in, itself included. A category's path is the ids from
    the top down, each with a slash behind it, so what lies in a category begins with its path.
#}
with categories as (
    select * from {{ ref('stg_storefront__categories') }}
),

ancestors as (
    select * from {{ ref('stg_storefront__categories') }}
),

within as (
    select
        categories.company_id,
        categories.category_id,
        ancestors.category_id as ancestor_category_id,
        ancestors.name as ancestor_name,
        ancestors.level as ancestor_level
    from categories
    inner join ancestors
        on
            categories.company_id = ancestors.company_id
            and categories.path like concat(ancestors.path, '%')
)

select * from within
