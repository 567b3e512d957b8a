with locations as (
    select * from {{ ref('dim_location') }}
),

srv_locations as (
    select
        company_id,
        location_id,
        name as location_name,
        code,
        kind,
        is_active
    from locations
)

select * from srv_locations
