with newest as (
    {{ newest_versions('tags') }}
),

tags as (
    select
        company_id,
        id as tag_id,
        name,
        slug,
        archived_at,
        created_at
    from newest
)

select * from tags
