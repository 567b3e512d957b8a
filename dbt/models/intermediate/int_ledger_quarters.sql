-- One row per company and quarter of an hour in which the ledger moved stock, with the company's local day.
-- Time zones begin their days and their summer times on a quarter; to convert each entry's instant by itself
-- takes longer than all the rest.
with stock_ledger as (
    select * from {{ ref('stg_storefront__stock_ledger') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

quarters as (
    select distinct company_id, {{ quarter_hour('occurred_at') }} as quarter_number
    from stock_ledger
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
