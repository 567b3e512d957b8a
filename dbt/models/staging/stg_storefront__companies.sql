with newest as (
    {{ newest_versions('companies', key=[], company='id') }}
),

companies as (
    select
        id as company_id,
        name,
        slug,
        currency,
        timezone,
        tax_rate,
        prices_include_tax,
        planning_settings,
        data_origin,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from companies
