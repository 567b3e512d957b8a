with newest as (
    {{ newest_versions('variants') }}
),

variants as (
    select
        company_id,
        id as variant_id,
        product_id,
        sku,
        name,
        price_modifier_amount,
        cost_amount,
        is_active,
        is_discontinued,
        archived_at,
        created_at
    from newest
)

select * from variants
