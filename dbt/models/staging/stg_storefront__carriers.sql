with newest as (
    {{ newest_versions('carriers') }}
),

carriers as (
    select
        company_id,
        id as carrier_id,
        code,
        name,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from carriers
