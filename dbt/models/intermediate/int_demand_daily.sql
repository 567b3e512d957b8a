{#
    One row per company, variant, location and day, from the first day of demand, stock or returns to the horizon,
    without gaps: what forecasts learn from. The mart adds prices and promotions, which these reads do not pay for.
    A view: the days between two changes follow from the first, and millions of them are not stored.
#}
{{ config(materialized='view') }}

with series_changes as (
    select * from {{ ref('int_series_changes') }}
),

days as (
    select *, {{ day_numbers('days_count') }} as day_number
    from series_changes
),

-- Out of stock: nothing there in the morning, nothing there in the evening, nothing came or went.
demand as (
    select
        company_id,
        variant_id,
        location_id,
        change_date + cast(day_number as integer) as demand_date,
        case when day_number = 0 then demand_units else 0 end as demand_units,
        case when day_number = 0 then customer_returned_units else 0 end as returned_units,
        has_stock_record and closing_units <= 0
        and (day_number > 0 or (closing_units - moved_units <= 0 and received_units = 0 and sold_units = 0))
            as is_out_of_stock
    from days
)

select * from demand
