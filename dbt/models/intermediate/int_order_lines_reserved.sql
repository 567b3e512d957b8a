{#
    One row per order line and location that holds stock for it. The location that holds most comes first
    (`location_rank` 1); `units_before` is what the locations of a better rank hold,
    `line_shortfall_units` what was promised of the line although it was not there.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_orders_changed',
            'replaces': 'target.company_id = changed.company_id and target.order_id = changed.order_id',
        },
    )
}}

with reservations as (
    select * from {{ ref('stg_storefront__reservations') }}
),

orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

by_location as (
    select
        reservations.company_id,
        reservations.owner_id as order_id,
        reservations.owner_line_id as order_line_id,
        reservations.location_id,
        sum(reservations.reserved_units) as reserved_units,
        sum(reservations.shortfall_units) as shortfall_units
    from
        reservations
    {%- if is_incremental() %}
    inner join orders_changed
        on
            reservations.company_id = orders_changed.company_id
            and reservations.owner_id = orders_changed.order_id
    {%- endif %}
    where reservations.owner_type = 'order' and reservations.owner_line_id is not null
    group by
        reservations.company_id, reservations.owner_id, reservations.owner_line_id, reservations.location_id
),

ranked as (
    select
        company_id,
        order_id,
        order_line_id,
        location_id,
        reserved_units,
        row_number() over by_rank as location_rank,
        (sum(reserved_units) over by_rank) - reserved_units as units_before,
        sum(reserved_units) over (partition by company_id, order_line_id) as line_reserved_units,
        sum(shortfall_units) over (partition by company_id, order_line_id) as line_shortfall_units
    from by_location
    window by_rank as (
        partition by company_id, order_line_id order by reserved_units desc, location_id asc
        rows between unbounded preceding and current row
    )
)

select * from ranked
