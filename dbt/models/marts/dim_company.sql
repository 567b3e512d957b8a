with companies as (
    select * from {{ ref('int_companies_dated') }}
),

dim_company as (
    select
        company_id,
        name,
        slug,
        currency,
        timezone,
        data_origin,
        planning_settings,
        minor_unit_digits,
        pulled_at,
        pulled_date,
        horizon_date
    from companies
)

select * from dim_company
