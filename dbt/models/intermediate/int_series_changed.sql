{#
    One row per series (company, variant, location) in which something changed since the last build: the day
    from which its balances are built anew, with the stock before that day. That is the last day before the
    first change on which something happened, because the number of days until the next one changes too.
    A day that changed is compared with the table as it was last built as well: what was there and is gone
    is in no input any more. A build that died may have replaced the balances before other tables of the
    series: one that starts from the same pull goes back at least as far.
#}
{%- set built = last_built_pull() | int %}

with demand as (
    select * from {{ ref('int_demand_by_day') }}
),

stock_moves as (
    select * from {{ ref('int_stock_moves_by_day') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

order_days_changed as (
    select * from {{ ref('int_order_days_changed') }}
),

ledger_days_changed as (
    select * from {{ ref('int_ledger_days_changed') }}
),

balances_before as (
    select * from {{ as_last_built('int_series_balances', {
        'company_id': 'varchar', 'variant_id': 'varchar', 'location_id': 'varchar', 'change_date': 'date',
        'customer_returned_units': 'integer', 'moved_units': 'integer', 'closing_units': 'integer',
        'had_stock_record': 'boolean',
    }) }}
),

touched_by_demand as (
    select demand.company_id, demand.variant_id, demand.location_id, demand.demand_date as touched_date
    from demand
    inner join order_days_changed
        on
            demand.company_id = order_days_changed.company_id
            and demand.variant_id = order_days_changed.variant_id
            and demand.demand_date = order_days_changed.changed_date
),

touched_by_moves as (
    select
        stock_moves.company_id, stock_moves.variant_id, stock_moves.location_id,
        stock_moves.stock_date as touched_date
    from stock_moves
    inner join ledger_days_changed
        on
            stock_moves.company_id = ledger_days_changed.company_id
            and stock_moves.stock_date = ledger_days_changed.changed_date
),

touched_before as (
    select
        balances_before.company_id, balances_before.variant_id, balances_before.location_id,
        balances_before.change_date as touched_date
    from balances_before
    inner join order_days_changed
        on
            balances_before.company_id = order_days_changed.company_id
            and balances_before.variant_id = order_days_changed.variant_id
            and balances_before.change_date = order_days_changed.changed_date
    union all
    select
        balances_before.company_id, balances_before.variant_id, balances_before.location_id,
        balances_before.change_date as touched_date
    from balances_before
    inner join ledger_days_changed
        on
            balances_before.company_id = ledger_days_changed.company_id
            and balances_before.change_date = ledger_days_changed.changed_date
),

-- Returns are few: their days are compared with those in the table.
returned_now_and_before as (
    select company_id, variant_id, location_id, returned_date as touched_date, returned_units
    from order_returns
    union all
    select
        company_id, variant_id, location_id, change_date as touched_date,
        -customer_returned_units as returned_units
    from balances_before
    where customer_returned_units <> 0
),

touched_by_returns as (
    select company_id, variant_id, location_id, touched_date
    from returned_now_and_before
    group by company_id, variant_id, location_id, touched_date
    having sum(returned_units) <> 0
),

touched_by_a_build_that_died as (
    select company_id, variant_id, location_id, from_date as touched_date
    from {{ as_last_built('int_series_changed', {
        'company_id': 'varchar', 'variant_id': 'varchar', 'location_id': 'varchar', 'from_date': 'date',
        'built_pull_number': 'bigint',
    }) }}
    where built_pull_number = {{ built }}
),

touched as (
    select * from touched_by_demand
    union all
    select * from touched_by_moves
    union all
    select * from touched_before
    union all
    select * from touched_by_returns
    union all
    select * from touched_by_a_build_that_died
),

first_touched as (
    select company_id, variant_id, location_id, min(touched_date) as first_date
    from touched
    group by company_id, variant_id, location_id
),

changed as (
    select
        first_touched.company_id,
        first_touched.variant_id,
        first_touched.location_id,
        cast({{ built }} as bigint) as built_pull_number,
        coalesce(max(balances_before.change_date), first_touched.first_date) as from_date,
        cast(
            coalesce(
                max_by(
                    balances_before.closing_units - balances_before.moved_units, balances_before.change_date
                ),
                0
            ) as integer
        ) as opening_units,
        coalesce(max_by(balances_before.had_stock_record, balances_before.change_date), false)
            as had_stock_record
    from first_touched
    left join balances_before
        on
            first_touched.company_id = balances_before.company_id
            and first_touched.variant_id = balances_before.variant_id
            and first_touched.location_id = balances_before.location_id
            and first_touched.first_date > balances_before.change_date
    group by
        first_touched.company_id, first_touched.variant_id, first_touched.location_id,
        first_touched.first_date
)

select * from changed
