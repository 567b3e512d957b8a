with newest as (
    {{ newest_versions('locations') }}
),

locations as (
    select
        company_id,
        id as location_id,
        code,
        name,
        kind,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from locations
