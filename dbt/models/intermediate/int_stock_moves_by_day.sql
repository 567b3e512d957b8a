-- One row per company, location, variant and day on which the ledger moved stock.
with stock_ledger as (
    select * from {{ ref('stg_storefront__stock_ledger') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

dated as (
    select
        stock_ledger.company_id,
        stock_ledger.location_id,
        stock_ledger.variant_id,
        {{ local_date('stock_ledger.occurred_at', 'companies.timezone') }} as stock_date,
        stock_ledger.reason,
        stock_ledger.delta_units,
        stock_ledger.is_assumed
    from stock_ledger
    inner join companies on stock_ledger.company_id = companies.company_id
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
