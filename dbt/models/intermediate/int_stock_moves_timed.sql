{#
    One row per ledger entry of a day on which stock came in, or may have run out within the day, with what
    was on hand before and after it. Of other days the balances say all; they are nine entries of ten.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_series_changed',
            'replaces': 'target.company_id = changed.company_id and target.variant_id = changed.variant_id'
                ~ ' and target.location_id = changed.location_id and target.stock_date >= changed.from_date',
        },
    )
}}

with stock_ledger as (
    select * from {{ ref('stg_storefront__stock_ledger') }}
),

ledger_quarters as (
    select * from {{ ref('int_ledger_quarters') }}
),

balances as (
    select * from {{ ref('int_series_balances') }}
    where in_units > 0 or (out_units > 0 and closing_units - moved_units <= out_units)
),

series_changed as (
    select * from {{ ref('int_series_changed') }}
),

days as (
    select
        balances.company_id,
        balances.location_id,
        balances.variant_id,
        balances.change_date as stock_date,
        balances.closing_units - balances.moved_units as opening_units,
        balances.had_stock_record
    from
        balances
    {%- if is_incremental() %}
    inner join series_changed
        on
            balances.company_id = series_changed.company_id
            and balances.variant_id = series_changed.variant_id
            and balances.location_id = series_changed.location_id
            and balances.change_date >= series_changed.from_date
    {%- endif %}
),

series_from_instant as (
    select
        company_id,
        variant_id,
        location_id,
        {{ day_start('(from_date - 2)', "'UTC'") }} as from_instant
    from series_changed
),

entries as (
    select
        stock_ledger.*,
        {{ quarter_hour('stock_ledger.occurred_at') }} as quarter_number
    from
        stock_ledger
    -- First, and two days wide: no time zone's days begin as far from those of UTC.
    {%- if is_incremental() %}
    inner join series_from_instant
        on
            stock_ledger.company_id = series_from_instant.company_id
            and stock_ledger.variant_id = series_from_instant.variant_id
            and stock_ledger.location_id = series_from_instant.location_id
            and stock_ledger.occurred_at >= series_from_instant.from_instant
    {%- endif %}
),

moves as (
    select
        entries.company_id,
        entries.location_id,
        entries.variant_id,
        entries.ledger_id,
        days.stock_date,
        entries.occurred_at,
        entries.reason,
        entries.delta_units,
        entries.unit_cost_amount,
        days.opening_units,
        days.had_stock_record,
        cast(days.opening_units + sum(entries.delta_units) over so_far as integer) as on_hand_after_units
    from entries
    inner join ledger_quarters
        on
            entries.company_id = ledger_quarters.company_id
            and entries.quarter_number = ledger_quarters.quarter_number
    inner join days
        on
            entries.company_id = days.company_id
            and entries.location_id = days.location_id
            and entries.variant_id = days.variant_id
            and ledger_quarters.stock_date = days.stock_date
    window so_far as (
        partition by entries.company_id, entries.location_id, entries.variant_id, days.stock_date
        order by entries.occurred_at, entries.ledger_id
        rows between unbounded preceding and current row
    )
)

select * from moves
