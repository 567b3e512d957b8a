with plan_decisions as (
    select * from {{ ref('stg_storefront__plan_decisions') }}
),

fct_plan_decisions as (
    select
        company_id,
        plan_decision_id,
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
    from plan_decisions
)

select * from fct_plan_decisions
