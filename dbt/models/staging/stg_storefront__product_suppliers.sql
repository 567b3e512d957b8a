with newest as (
    {{ newest_versions('product_suppliers') }}
),

product_suppliers as (
    select
        company_id,
        id as product_supplier_id,
        supplier_id,
        variant_id,
        supplier_sku,
        unit_cost_amount,
        currency,
        price_breaks,
        moq_units,
        pack_units,
        lead_time_days,
        is_preferred,
        is_assumed,
        archived_at,
        created_at
    from newest
)

select * from product_suppliers
