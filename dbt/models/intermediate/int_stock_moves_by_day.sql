{#
    One row per company, location, variant and day on which the ledger moved stock. The day of an instant is
    looked up by quarter of an hour: time zones begin their days and their summer times on one, and a
    conversion per entry takes longer than all the rest (2.7 of 4.6 s for a million entries).
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

companies as (
    select * from {{ ref('int_companies_dated') }}
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
),

quarters as (
    select distinct company_id, quarter_number
    from entries
),

all_days as (
    select
        quarters.company_id,
        quarters.quarter_number,
        {{ local_date(quarter_hour_start('quarters.quarter_number'), 'companies.timezone') }} as stock_date
    from quarters
    inner join companies on quarters.company_id = companies.company_id
),

days as (
    select all_days.*
    from
        all_days
    {%- if is_incremental() %}
    inner join days_changed
        on
            all_days.company_id = days_changed.company_id and all_days.stock_date = days_changed.changed_date
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
            coalesce(sum(delta_units) filter (where reason not in ('receipt', 'sale', 'return')), 0)
            as integer
        ) as adjusted_units,
        cast(sum(delta_units) as integer) as moved_units,
        bool_or(is_assumed) as is_assumed
    from dated
    group by company_id, location_id, variant_id, stock_date
)

select * from by_day
