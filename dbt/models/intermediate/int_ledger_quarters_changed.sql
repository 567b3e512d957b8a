-- One row per company and quarter of an hour of a ledger entry fed since the last build, with its day.
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
    select
        quarters.company_id,
        quarters.quarter_number,
        {{ local_date(quarter_hour_start('quarters.quarter_number'), 'companies.timezone') }} as stock_date
    from quarters
    inner join companies on quarters.company_id = companies.company_id
)

select * from changed
