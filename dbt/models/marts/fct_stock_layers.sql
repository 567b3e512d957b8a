with moves as (
    select * from {{ ref('int_stock_moves_timed') }}
    where delta_units > 0
),

variants as (
    select * from {{ ref('dim_variant') }}
),

-- Each entry counts the costs known up to it, so that those behind a known one fall into its group.
numbered as (
    select
        *,
        count(unit_cost_amount) over (
            partition by company_id, location_id, variant_id order by occurred_at, ledger_id
            rows between unbounded preceding and current row
        ) as costs_count,
        sum(delta_units) over (
            partition by company_id, location_id, variant_id order by occurred_at, ledger_id
            rows between unbounded preceding and current row
        ) as cumulative_units
    from moves
),

costed as (
    select
        *,
        max(unit_cost_amount) over (partition by company_id, location_id, variant_id, costs_count)
            as last_cost_amount
    from numbered
),

fct_stock_layers as (
    select
        costed.company_id,
        costed.ledger_id as stock_movement_id,
        costed.location_id,
        costed.variant_id,
        costed.stock_date as layer_date,
        costed.occurred_at,
        costed.reason,
        costed.delta_units as units,
        cast(costed.cumulative_units as bigint) as cumulative_units,
        costed.on_hand_after_units - costed.delta_units as on_hand_before_units,
        cast(
            coalesce(costed.last_cost_amount, variants.unit_cost_amount, 0) as decimal(18, 6)
        ) as unit_cost_amount,
        costed.unit_cost_amount is not null as is_cost_stated
    from costed
    inner join variants
        on costed.company_id = variants.company_id and costed.variant_id = variants.variant_id
)

select * from fct_stock_layers
