with newest as (
    {{ newest_versions('product_supplier_history') }}
),

product_supplier_history as (
    select
        company_id,
        id as product_supplier_history_id,
        product_supplier_id,
        unit_cost_amount,
        currency,
        price_breaks,
        moq_units,
        pack_units,
        lead_time_days,
        is_preferred,
        valid_from as valid_from_at
    from newest
)

select * from product_supplier_history
