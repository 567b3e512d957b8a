{# A view: the days between two changes follow from the first, and millions of them are not stored. #}
{{ config(materialized='view') }}

with series_changes as (
    select * from {{ ref('int_series_changes') }}
    where has_stock_record
),

days as (
    select *, {{ day_numbers('days_count') }} as day_number
    from series_changes
),

fct_stock_daily as (
    select
        company_id,
        location_id,
        variant_id,
        change_date + cast(day_number as integer) as stock_date,
        case when day_number = 0 then closing_units - moved_units else closing_units end as opening_units,
        case when day_number = 0 then received_units else 0 end as received_units,
        case when day_number = 0 then sold_units else 0 end as sold_units,
        case when day_number = 0 then returned_units else 0 end as returned_units,
        case when day_number = 0 then adjusted_units else 0 end as adjusted_units,
        closing_units,
        closing_units <= 0
        and (day_number > 0 or (closing_units - moved_units <= 0 and received_units = 0 and sold_units = 0))
            as is_out_of_stock
    from days
)

select * from fct_stock_daily
