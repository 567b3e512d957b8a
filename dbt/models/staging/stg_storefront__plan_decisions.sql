with newest as (
    {{ newest_versions('plan_decisions') }}
),

plan_decisions as (
    select
        company_id,
        id as plan_decision_id,
        plan_run_id,
        proposal_id,
        variant_id,
        location_id,
        supplier_id,
        decision,
        suggested_units,
        decided_units,
        reason,
        restock_order_id,
        decided_at
    from newest
)

select * from plan_decisions
