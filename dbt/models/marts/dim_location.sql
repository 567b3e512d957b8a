with locations as (
    select * from {{ ref('stg_storefront__locations') }}
),

dim_location as (
    select
        company_id,
        location_id,
        code,
        name,
        kind,
        is_active and archived_at is null as is_active
    from locations
)

select * from dim_location
