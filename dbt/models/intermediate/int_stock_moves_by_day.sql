{#
    One row per company, location, variant and day on which the ledger moved stock. The day of an instant is
    looked up by quarter of an hour: a conversion per entry takes longer than all the rest (2.7 of 4.6 s for
    a million entries).
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_ledger_days_changed',
            'replaces': 'target.company_id = changed.company_id and target.stock_date = changed.changed_date',
        },
    )
}}

with stock_ledger as (
    select * from {{ ref('stg_storefront__stock_ledger') }}
),

ledger_quarters as (
    select * from {{ ref('int_ledger_quarters') }}
),

days_changed as (
    select * from {{ ref('int_ledger_days_changed') }}
),

entries as (
    select
        company_id,
        location_id,
        variant_id,
        {{ quarter_hour('occurred_at') }} as quarter_number,
        reason,
        delta_units,
        is_assumed
    from stock_ledger
    {%- if is_incremental() %}
        -- Two days wide: no time zone's days begin as far from those of UTC.
        where occurred_at >= (
            select {{ day_start('(min(days_changed.changed_date) - 2)', "'UTC'") }}
            from days_changed
        )
    {%- endif %}
),

days as (
    select ledger_quarters.*
    from
        ledger_quarters
    {%- if is_incremental() %}
    inner join days_changed
        on
            ledger_quarters.company_id = days_changed.company_id
            and ledger_quarters.stock_date = days_changed.changed_date
    {%- endif %}
),

dated as (
    select
        entries.*,
        days.stock_date
    from entries
    inner join days
        on entries.company_id = days.company_id and entries.quarter_number = days.quarter_number
),

by_day as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        cast(coalesce(sum(delta_units) filter (where reason = 'receipt'), 0) as integer) as received_units,
        cast(coalesce(-sum(delta_units) filter (where reason = 'sale'), 0) as integer) as sold_units,
        cast(coalesce(sum(delta_units) filter (where reason = 'return'), 0) as integer) as returned_units,
        cast(
            coalesce(
                sum(delta_units) filter (where reason in ('opening', 'adjustment', 'write_off', 'count')), 0
            ) as integer
        ) as adjusted_units,
        cast(
            coalesce(sum(delta_units) filter (where reason in ('transfer_in', 'transfer_out')), 0) as integer
        ) as transferred_units,
        cast(
            coalesce(-sum(delta_units) filter (where reason in ('adjustment', 'write_off', 'count')), 0)
            as integer
        ) as lost_units,
        cast(sum(delta_units) as integer) as moved_units,
        cast(coalesce(sum(delta_units) filter (where delta_units > 0), 0) as integer) as in_units,
        cast(coalesce(-sum(delta_units) filter (where delta_units < 0), 0) as integer) as out_units,
        bool_or(is_assumed) as is_assumed
    from dated
    group by company_id, location_id, variant_id, stock_date
)

select * from by_day
