with newest as (
    {{ newest_versions('customers') }}
),

customers as (
    select
        company_id,
        id as customer_id,
        user_id,
        external_code,
        country,
        accepts_marketing,
        pseudonymised_at,
        archived_at,
        created_at
    from newest
)

select * from customers
