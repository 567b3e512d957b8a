with stock_levels as (
    select * from {{ ref('stg_storefront__stock_levels') }}
),

stock_moves as (
    select * from {{ ref('int_stock_moves_by_day') }}
),

ledger_balances as (
    select company_id, location_id, variant_id, bool_or(is_assumed) as is_assumed
    from stock_moves
    group by company_id, location_id, variant_id
),

fct_stock_levels as (
    select
        stock_levels.company_id,
        stock_levels.location_id,
        stock_levels.variant_id,
        stock_levels.on_hand_units,
        stock_levels.reserved_units,
        stock_levels.available_units,
        stock_levels.low_stock_threshold_units,
        stock_levels.stock_status,
        stock_levels.allow_backorder,
        stock_levels.last_restocked_at,
        coalesce(ledger_balances.is_assumed, false) as is_assumed
    from stock_levels
    left join ledger_balances
        on
            stock_levels.company_id = ledger_balances.company_id
            and stock_levels.location_id = ledger_balances.location_id
            and stock_levels.variant_id = ledger_balances.variant_id
)

select * from fct_stock_levels
