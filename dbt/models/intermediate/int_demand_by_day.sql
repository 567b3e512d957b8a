{#
    One row per company, variant, location and day on which units were ordered and not cancelled. A line
    that several locations hold is split among them; what none of them holds belongs to the first.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_order_days_changed',
            'replaces': 'target.company_id = changed.company_id and target.demand_date = changed.changed_date',
        },
    )
}}

with order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
    where sold_units > 0
),

split_locations as (
    select * from {{ ref('int_order_lines_reserved') }}
    qualify count(*) over (partition by company_id, order_line_id) > 1
),

days_changed as (
    select * from {{ ref('int_order_days_changed') }}
),

by_line_and_location as (
    select
        order_lines.company_id,
        order_lines.variant_id,
        coalesce(split_locations.location_id, order_lines.location_id) as location_id,
        order_lines.placed_date as demand_date,
        case
            when split_locations.location_id is null then order_lines.sold_units
            when split_locations.location_rank = 1
                then
                    least(split_locations.reserved_units, order_lines.sold_units)
                    + greatest(order_lines.sold_units - split_locations.line_reserved_units, 0)
            else
                least(
                    split_locations.reserved_units,
                    greatest(order_lines.sold_units - split_locations.units_before, 0)
                )
        end as demand_units
    from order_lines
    left join split_locations
        on
            order_lines.company_id = split_locations.company_id
            and order_lines.order_line_id = split_locations.order_line_id
    {%- if is_incremental() %}
        inner join days_changed
            on
                order_lines.company_id = days_changed.company_id
                and order_lines.placed_date = days_changed.changed_date
    {%- endif %}
),

by_day as (
    select
        company_id,
        variant_id,
        location_id,
        demand_date,
        cast(sum(demand_units) as integer) as demand_units
    from by_line_and_location
    where demand_units > 0
    group by company_id, variant_id, location_id, demand_date
)

select * from by_day
