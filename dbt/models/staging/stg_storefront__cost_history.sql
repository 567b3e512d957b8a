with newest as (
    {{ newest_versions('cost_history') }}
),

cost_history as (
    select
        company_id,
        id as cost_history_id,
        variant_id,
        unit_cost_amount,
        valid_from as valid_from_at,
        is_assumed,
        reason,
        created_at
    from newest
)

select * from cost_history
