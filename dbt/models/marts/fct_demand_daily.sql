{# A view: the days between two changes follow from the first, and millions of them are not stored. #}
{{ config(materialized='view') }}

with series_spans as (
    select * from {{ ref('int_series_spans') }}
),

days as (
    select *, {{ day_numbers('days_count') }} as day_number
    from series_spans
),

dated as (
    select
        *,
        span_date + cast(day_number as integer) as demand_date,
        day_number = 0 and is_begun_by_change as is_day_of_change
    from days
),

-- Out of stock: nothing there in the morning, nothing there in the evening, nothing came or went.
fct_demand_daily as (
    select
        company_id,
        variant_id,
        location_id,
        demand_date,
        case when is_day_of_change then demand_units else 0 end as demand_units,
        case when is_day_of_change then customer_returned_units else 0 end as returned_units,
        has_stock_record and closing_units <= 0
        and (
            not is_day_of_change
            or (closing_units - moved_units <= 0 and received_units = 0 and sold_units = 0)
        ) as is_out_of_stock,
        cast({{ seconds_out_of_stock('demand_date') }} as integer) as out_of_stock_seconds,
        unit_price_amount,
        regular_price_amount,
        coalesce(unit_price_amount < regular_price_amount, false) as is_on_sale,
        has_coupon,
        has_coupon or coalesce(unit_price_amount < regular_price_amount, false) as is_promoted
    from dated
)

select * from fct_demand_daily
