{# A view: the ledger is in the lake already, and millions of entries are not copied. #}
{{ config(materialized='view') }}

with stock_ledger as (
    select *, {{ quarter_hour('occurred_at') }} as quarter_number
    from {{ ref('stg_storefront__stock_ledger') }}
),

ledger_quarters as (
    select * from {{ ref('int_ledger_quarters') }}
),

terms as (
    select * from {{ ref('int_variant_terms') }}
),

fct_stock_movements as (
    select
        stock_ledger.company_id,
        stock_ledger.ledger_id as stock_movement_id,
        stock_ledger.location_id,
        stock_ledger.variant_id,
        ledger_quarters.stock_date as movement_date,
        stock_ledger.occurred_at,
        stock_ledger.reason,
        stock_ledger.reference_type,
        stock_ledger.reference_id,
        stock_ledger.delta_units,
        stock_ledger.unit_cost_amount as stated_unit_cost_amount,
        terms.unit_cost_amount,
        cast(stock_ledger.delta_units * terms.unit_cost_amount as decimal(24, 6)) as value_amount,
        stock_ledger.is_assumed
    from stock_ledger
    inner join ledger_quarters
        on
            stock_ledger.company_id = ledger_quarters.company_id
            and stock_ledger.quarter_number = ledger_quarters.quarter_number
    left join terms
        on
            stock_ledger.company_id = terms.company_id
            and stock_ledger.variant_id = terms.variant_id
            and ledger_quarters.stock_date >= terms.from_date
            and ledger_quarters.stock_date < terms.next_date
)

select * from fct_stock_movements
