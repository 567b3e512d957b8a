{#
    One row per company, variant, location and day on which something happened, up to the horizon, with the
    stock at its end and the number of days until the next such day. Everything between is known from it.
    A view: the horizon moves with the clock, the balances only with what happened.
#}
{{ config(materialized='view') }}

with balances as (
    select * from {{ ref('int_series_balances') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

with_horizon as (
    select
        balances.*,
        companies.horizon_date + 1 as day_after
    from balances
    inner join companies on balances.company_id = companies.company_id
    where balances.change_date <= companies.horizon_date
),

up_to_horizon as (
    select
        company_id,
        variant_id,
        location_id,
        change_date,
        demand_units,
        customer_returned_units,
        received_units,
        sold_units,
        returned_units,
        adjusted_units,
        transferred_units,
        lost_units,
        in_units,
        out_units,
        moved_units,
        closing_units,
        had_stock_record,
        has_stock_record,
        cast(
            {{ days_between('change_date', 'least(coalesce(next_change_date, day_after), day_after)') }}
            as integer
        ) as days_count
    from with_horizon
)

select * from up_to_horizon
