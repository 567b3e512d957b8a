{#
    One row per order line and location that holds stock for it. The location that holds most comes first
    (`location_rank` 1); `units_before` is what the locations of a better rank hold.
#}
with reservations as (
    select * from {{ ref('stg_storefront__reservations') }}
),

by_location as (
    select company_id, owner_line_id as order_line_id, location_id, sum(reserved_units) as reserved_units
    from reservations
    where owner_type = 'order' and owner_line_id is not null
    group by company_id, owner_line_id, location_id
),

ranked as (
    select
        company_id,
        order_line_id,
        location_id,
        reserved_units,
        row_number() over by_rank as location_rank,
        sum(reserved_units) over by_rank - reserved_units as units_before,
        sum(reserved_units) over (partition by company_id, order_line_id) as line_reserved_units
    from by_location
    window by_rank as (
        partition by company_id, order_line_id order by reserved_units desc, location_id asc
        rows between unbounded preceding and current row
    )
)

select * from ranked
