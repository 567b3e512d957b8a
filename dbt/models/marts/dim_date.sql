{#
    From the first day on which a company sold or took back anything to a year after its horizon, for plans.
    A week begins on Monday and belongs to the year of its Thursday (ISO 8601).
#}
with companies as (
    select * from {{ ref('int_companies_dated') }}
),

orders as (
    select * from {{ ref('int_orders_dated') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

holidays as (
    select * from {{ ref('dim_holiday') }}
    where is_home
),

activity as (
    select company_id, min(placed_date) as first_date
    from orders
    group by company_id
    union all
    select company_id, min(returned_date) as first_date
    from order_returns
    group by company_id
),

first_days as (
    select company_id, min(first_date) as first_date
    from activity
    group by company_id
),

spans as (
    select
        companies.company_id,
        coalesce(first_days.first_date, companies.horizon_date) as first_date,
        companies.horizon_date
    from companies
    left join first_days on companies.company_id = first_days.company_id
),

counted as (
    select
        company_id,
        first_date,
        {{ dbt.datediff('first_date', 'horizon_date', 'day') }} + 367 as days_count
    from spans
),

numbered as (
    select
        company_id,
        first_date,
        {{ day_numbers('days_count') }} as day_number
    from counted
),

days as (
    select
        company_id,
        first_date + cast(day_number as integer) as local_date
    from numbered
),

with_weekday as (
    select
        company_id,
        local_date,
        {{ days_since_monday('local_date') }} + 1 as weekday_number
    from days
),

with_weeks as (
    select
        *,
        local_date - (weekday_number - 1) as week_start_date,
        local_date + (4 - weekday_number) as thursday_date
    from with_weekday
),

dim_date as (
    select
        with_weeks.company_id,
        with_weeks.local_date,
        with_weeks.weekday_number,
        with_weeks.weekday_number >= 6 as is_weekend,
        with_weeks.week_start_date,
        cast(extract(year from with_weeks.thursday_date) as integer) as iso_year,
        cast(extract(week from with_weeks.local_date) as integer) as iso_week,
        cast({{ dbt.date_trunc('month', 'with_weeks.local_date') }} as date) as month_start_date,
        cast(extract(month from with_weeks.local_date) as integer) as month_number,
        cast({{ dbt.date_trunc('quarter', 'with_weeks.local_date') }} as date) as quarter_start_date,
        cast(extract(quarter from with_weeks.local_date) as integer) as quarter_number,
        cast(extract(year from with_weeks.local_date) as integer) as calendar_year,
        holidays.holiday_name,
        holidays.holiday_date is not null as is_holiday
    from with_weeks
    left join holidays
        on with_weeks.company_id = holidays.company_id and with_weeks.local_date = holidays.holiday_date
)

select * from dim_date
