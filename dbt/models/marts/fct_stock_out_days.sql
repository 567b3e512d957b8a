with out_days as (
    select * from {{ ref('int_stock_out_days') }}
),

stock_outs as (
    select * from {{ ref('int_stock_outs') }}
),

with_rates as (
    select
        out_days.company_id,
        out_days.location_id,
        out_days.variant_id,
        out_days.stock_date,
        stock_outs.first_date as stock_out_date,
        out_days.out_of_stock_seconds,
        out_days.is_out_all_day,
        out_days.demand_units,
        stock_outs.comparable_days,
        stock_outs.comparable_units,
        stock_outs.comparable_amount,
        stock_outs.comparable_days >= 14
        and {{ days_between('stock_outs.first_date', 'out_days.stock_date') }} < 56 as is_estimated
    from out_days
    inner join stock_outs
        on
            out_days.company_id = stock_outs.company_id
            and out_days.location_id = stock_outs.location_id
            and out_days.variant_id = stock_outs.variant_id
            and out_days.stock_date >= stock_outs.first_date
            and out_days.stock_date <= stock_outs.last_date
),

-- An hour without stock misses a 24th of a comparable day, on days of 23 and 25 hours too.
expected as (
    select
        *,
        case
            when is_estimated
                then
                    cast(comparable_units as double) / comparable_days
                    * least(out_of_stock_seconds, 86400) / 86400
            else 0
        end as expected_units
    from with_rates
),

-- What was ordered on a day without any stock was not lost.
lost as (
    select
        *,
        greatest(expected_units - case when is_out_all_day then demand_units else 0 end, 0) as lost_units
    from expected
),

fct_stock_out_days as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        stock_out_date,
        out_of_stock_seconds,
        is_out_all_day,
        demand_units,
        comparable_days,
        comparable_units,
        comparable_amount,
        is_estimated,
        cast(expected_units as decimal(18, 6)) as expected_units,
        cast(lost_units as decimal(18, 6)) as lost_units,
        cast(
            case when comparable_units > 0 then lost_units * comparable_amount / comparable_units else 0 end
            as decimal(18, 6)
        ) as lost_sales_amount
    from lost
)

select * from fct_stock_out_days
