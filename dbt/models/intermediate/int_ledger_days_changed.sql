-- One row per company and day on which the ledger moved stock by an entry fed since the last build.
with quarters_changed as (
    select * from {{ ref('int_ledger_quarters_changed') }}
),

changed as (
    select distinct company_id, stock_date as changed_date
    from quarters_changed
)

select * from changed
