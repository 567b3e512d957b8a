with newest as (
    {{ newest_versions('shipping_methods') }}
),

shipping_methods as (
    select
        company_id,
        id as shipping_method_id,
        shop_id,
        carrier_id,
        code,
        name,
        rate_basis,
        base_amount,
        free_from_amount,
        can_be_free,
        estimated_days_min,
        estimated_days_max,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from shipping_methods
