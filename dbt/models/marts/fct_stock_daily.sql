{# A view: the days between two changes follow from the first, and millions of them are not stored. #}
{{ config(materialized='view') }}

with series_spans as (
    select * from {{ ref('int_series_spans') }}
    where has_stock_record
),

days as (
    select *, {{ day_numbers('days_count') }} as day_number
    from series_spans
),

dated as (
    select
        *,
        span_date + cast(day_number as integer) as stock_date,
        day_number = 0 and is_begun_by_change as is_day_of_change
    from days
),

fct_stock_daily as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        case when is_day_of_change then closing_units - moved_units else closing_units end as opening_units,
        case when is_day_of_change then received_units else 0 end as received_units,
        case when is_day_of_change then sold_units else 0 end as sold_units,
        case when is_day_of_change then returned_units else 0 end as returned_units,
        case when is_day_of_change then adjusted_units else 0 end as adjusted_units,
        case when is_day_of_change then transferred_units else 0 end as transferred_units,
        case when is_day_of_change then lost_units else 0 end as lost_units,
        closing_units,
        closing_units <= 0
        and (
            not is_day_of_change
            or (closing_units - moved_units <= 0 and received_units = 0 and sold_units = 0)
        ) as is_out_of_stock,
        cast({{ seconds_out_of_stock('stock_date') }} as integer) as out_of_stock_seconds,
        unit_cost_amount,
        cast(closing_units * unit_cost_amount as decimal(24, 6)) as closing_amount
    from dated
)

select * from fct_stock_daily
