with public_holidays as (
    select * from {{ source('model_results', 'public_holidays') }}
),

named as (
    select
        company_id,
        country,
        country_code,
        holiday_date,
        holiday_name,
        is_home
    from public_holidays
)

select * from named
