{#
    One row per company, variant, location and day on which something happened, up to the horizon, with the
    stock at its end and the number of days until the next such day. Everything between is known from it.
#}
with demand as (
    select * from {{ ref('int_demand_by_day') }}
),

stock_moves as (
    select * from {{ ref('int_stock_moves_by_day') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

happenings as (
    select
        company_id,
        variant_id,
        location_id,
        demand_date as change_date,
        demand_units,
        0 as customer_returned_units,
        0 as received_units,
        0 as sold_units,
        0 as returned_units,
        0 as adjusted_units,
        0 as moved_units,
        0 as stock_records
    from demand
    union all
    select
        company_id,
        variant_id,
        location_id,
        returned_date as change_date,
        0 as demand_units,
        returned_units as customer_returned_units,
        0 as received_units,
        0 as sold_units,
        0 as returned_units,
        0 as adjusted_units,
        0 as moved_units,
        0 as stock_records
    from order_returns
    union all
    select
        company_id,
        variant_id,
        location_id,
        stock_date as change_date,
        0 as demand_units,
        0 as customer_returned_units,
        received_units,
        sold_units,
        returned_units,
        adjusted_units,
        moved_units,
        1 as stock_records
    from stock_moves
),

by_day as (
    select
        happenings.company_id,
        happenings.variant_id,
        happenings.location_id,
        happenings.change_date,
        companies.horizon_date,
        cast(sum(happenings.demand_units) as integer) as demand_units,
        cast(sum(happenings.customer_returned_units) as integer) as customer_returned_units,
        cast(sum(happenings.received_units) as integer) as received_units,
        cast(sum(happenings.sold_units) as integer) as sold_units,
        cast(sum(happenings.returned_units) as integer) as returned_units,
        cast(sum(happenings.adjusted_units) as integer) as adjusted_units,
        cast(sum(happenings.moved_units) as integer) as moved_units,
        sum(happenings.stock_records) as stock_records
    from happenings
    inner join companies on happenings.company_id = companies.company_id
    where happenings.change_date <= companies.horizon_date
    group by
        happenings.company_id, happenings.variant_id, happenings.location_id, happenings.change_date,
        companies.horizon_date
),

with_stock as (
    select
        * exclude (stock_records, horizon_date),
        cast(sum(moved_units) over so_far as integer) as closing_units,
        sum(stock_records) over so_far > 0 as has_stock_record,
        cast(
            coalesce(
                lead(change_date) over (
                    partition by company_id, variant_id, location_id order by change_date
                ),
                horizon_date + 1
            ) - change_date as integer
        ) as days_count
    from by_day
    window so_far as (
        partition by company_id, variant_id, location_id order by change_date
        rows between unbounded preceding and current row
    )
)

select * from with_stock
