-- One row per company and day on which the ledger moved stock by an entry fed since the last build.
with stock_ledger as (
    select * from {{ ref('stg_storefront__stock_ledger') }}
    where pull_number > {{ last_built_pull() }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

quarters as (
    select distinct company_id, {{ quarter_hour('occurred_at') }} as quarter_number
    from stock_ledger
),

changed as (
    select distinct
        quarters.company_id,
        {{ local_date(quarter_hour_start('quarters.quarter_number'), 'companies.timezone') }} as changed_date
    from quarters
    inner join companies on quarters.company_id = companies.company_id
)

select * from changed
