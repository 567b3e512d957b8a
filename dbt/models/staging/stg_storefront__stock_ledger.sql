with newest as (
    {{ newest_versions('stock_ledger') }}
),

stock_ledger as (
    select
        company_id,
        id as ledger_id,
        location_id,
        variant_id,
        delta_units,
        reason,
        reference_type,
        reference_id,
        unit_cost_amount,
        is_assumed,
        occurred_at,
        pull_number
    from newest
)

select * from stock_ledger
