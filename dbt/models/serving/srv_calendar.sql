with dates as (
    select * from {{ ref('dim_date') }}
),

srv_calendar as (
    select
        company_id,
        local_date,
        weekday_number,
        is_weekend,
        week_start_date,
        iso_year,
        iso_week,
        month_start_date,
        quarter_start_date,
        holiday_name,
        is_holiday
    from dates
)

select * from srv_calendar
