with categories as (
    select * from {{ ref('stg_storefront__categories') }}
),

ancestors as (
    select * from {{ ref('int_category_ancestors') }}
),

named as (
    select
        company_id,
        category_id,
        max(case when ancestor_level = 0 then ancestor_category_id end) as top_category_id,
        concat_ws(
            ' > ',
            {% for level in range(10) -%}
                max(case when ancestor_level = {{ level }} then ancestor_name end){{ ',' if not loop.last }}
            {% endfor -%}
        ) as category_path
    from ancestors
    group by company_id, category_id
),

dim_category as (
    select
        categories.company_id,
        categories.category_id,
        categories.name,
        categories.slug,
        categories.parent_category_id,
        named.top_category_id,
        named.category_path,
        cast(categories.level as integer) as level,
        categories.is_active and categories.archived_at is null as is_active
    from categories
    inner join named
        on categories.company_id = named.company_id and categories.category_id = named.category_id
)

select * from dim_category
