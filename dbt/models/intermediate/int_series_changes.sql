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
        companies.horizon_date
    from balances
    inner join companies on balances.company_id = companies.company_id
    where balances.change_date <= companies.horizon_date
),

up_to_horizon as (
    select
        * exclude (next_change_date, horizon_date),
        cast(least(coalesce(next_change_date, horizon_date + 1), horizon_date + 1) - change_date as integer)
            as days_count
    from with_horizon
)

select * from up_to_horizon
