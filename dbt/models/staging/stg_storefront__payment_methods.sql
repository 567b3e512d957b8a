with newest as (
    {{ newest_versions('payment_methods') }}
),

payment_methods as (
    select
        company_id,
        id as payment_method_id,
        code,
        name,
        provider,
        is_active,
        display_order,
        created_at
    from newest
)

select * from payment_methods
