with public_holidays as (
    select * from {{ ref('stg_calendar__public_holidays') }}
),

dim_holiday as (
    select * from public_holidays
)

select * from dim_holiday
