-- One row per company and quarter of an hour in which the ledger moved stock, with the company's local day.
-- Time zones begin their days and their summer times on a quarter; to convert each entry's instant by itself
-- takes longer than all the rest. A quarter's day never changes: those of new entries are put in.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_ledger_quarters_changed',
            'replaces': 'target.company_id = changed.company_id'
                ~ ' and target.quarter_number = changed.quarter_number',
        },
    )
}}

-- depends_on: {{ ref('int_ledger_quarters_changed') }}
with stock_ledger as (
    select * from {{ ref('stg_storefront__stock_ledger') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

quarters as (
    select distinct company_id, {{ quarter_hour('occurred_at') }} as quarter_number
    from stock_ledger
    {%- if is_incremental() %}
        where pull_number > {{ last_built_pull() }}
    {%- endif %}
),

dated as (
    select
        quarters.company_id,
        quarters.quarter_number,
        {{ local_date(quarter_hour_start('quarters.quarter_number'), 'companies.timezone') }} as stock_date
    from quarters
    inner join companies on quarters.company_id = companies.company_id
)

select * from dated
