with newest as (
    {{ newest_versions('reservations') }}
),

reservations as (
    select
        company_id,
        id as reservation_id,
        location_id,
        variant_id,
        owner_type,
        owner_id,
        owner_line_id,
        reserved_units,
        shortfall_units,
        status,
        expires_at,
        created_at,
        closed_at,
        pull_number
    from newest
)

select * from reservations
