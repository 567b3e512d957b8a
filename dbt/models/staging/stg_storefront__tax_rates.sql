with newest as (
    {{ newest_versions('tax_rates') }}
),

tax_rates as (
    select
        company_id,
        id as tax_rate_id,
        name,
        country,
        region,
        category_id,
        rate as tax_rate,
        valid_from,
        valid_until,
        archived_at,
        created_at
    from newest
)

select * from tax_rates
