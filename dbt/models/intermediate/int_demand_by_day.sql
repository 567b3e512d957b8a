{#
    One row per company, variant, location and day on which units were ordered and not cancelled. A line
    that several locations hold is split among them; what none of them holds belongs to the first. Its money
    and what was short of it stand at the location that holds most.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_order_days_changed',
            'replaces': 'target.company_id = changed.company_id and target.variant_id = changed.variant_id'
                ~ ' and target.demand_date = changed.changed_date',
        },
    )
}}

with order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
    where sold_units > 0
),

reserved as (
    select
        *,
        count(*) over (partition by company_id, order_line_id) as locations_count
    from {{ ref('int_order_lines_reserved') }}
),

split_locations as (
    select * from reserved
    where locations_count > 1
),

short_lines as (
    select company_id, order_line_id, line_shortfall_units
    from {{ ref('int_order_lines_reserved') }}
    where location_rank = 1 and line_shortfall_units > 0
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
        end as demand_units,
        coalesce(split_locations.location_rank, 1) = 1 as has_money,
        least(coalesce(short_lines.line_shortfall_units, 0), order_lines.sold_units) as short_units,
        order_lines.sold_net_amount,
        order_lines.cost_amount
    from order_lines
    left join split_locations
        on
            order_lines.company_id = split_locations.company_id
            and order_lines.order_line_id = split_locations.order_line_id
    left join short_lines
        on
            order_lines.company_id = short_lines.company_id
            and order_lines.order_line_id = short_lines.order_line_id
    {%- if is_incremental() %}
        inner join days_changed
            on
                order_lines.company_id = days_changed.company_id
                and order_lines.variant_id = days_changed.variant_id
                and order_lines.placed_date = days_changed.changed_date
    {%- endif %}
),

by_day as (
    select
        company_id,
        variant_id,
        location_id,
        demand_date,
        cast(sum(demand_units) as integer) as demand_units,
        cast(coalesce(sum(short_units) filter (where has_money), 0) as integer) as short_units,
        cast(coalesce(sum(sold_net_amount) filter (where has_money), 0) as decimal(18, 2))
            as net_sales_amount,
        cast(
            coalesce(sum(sold_net_amount - cost_amount) filter (where has_money), 0) as decimal(18, 2)
        ) as margin_amount
    from by_line_and_location
    where demand_units > 0
    group by company_id, variant_id, location_id, demand_date
)

select * from by_day
