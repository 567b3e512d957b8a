with newest as (
    {{ newest_versions('size_charts') }}
),

size_charts as (
    select
        company_id,
        id as size_chart_id,
        category_id,
        name,
        gender,
        image_cm_url,
        image_inch_url,
        measurements,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from size_charts
