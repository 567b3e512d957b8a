with companies as (
    select * from {{ ref('dim_company') }}
),

srv_company as (
    select
        company_id,
        name,
        slug,
        currency,
        minor_unit_digits,
        timezone,
        data_origin,
        horizon_date
    from companies
)

select * from srv_company
