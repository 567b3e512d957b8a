{#
    One row per stock-out: a run of days on each of which a variant was out of stock at a location for a time, with
    what was asked for on comparable days. Those are the days of the 56 before it on which the variant was in
    stock there all day, after its first sale; with fewer than 14 of them nothing is estimated.
#}
with out_days as (
    select * from {{ ref('int_stock_out_days') }}
),

series_changes as (
    select * from {{ ref('int_series_changes') }}
    where has_stock_record and not had_stock_record
),

demand as (
    select * from {{ ref('int_demand_by_day') }}
),

numbered as (
    select
        *,
        row_number() over (partition by company_id, location_id, variant_id order by stock_date) as day_place
    from out_days
),

outs as (
    select
        company_id,
        location_id,
        variant_id,
        min(stock_date) as first_date,
        max(stock_date) as last_date,
        min(first_sold_date) as first_sold_date
    from numbered
    group by company_id, location_id, variant_id, stock_date - cast(day_place as integer)
),

-- A series' first entry; its days are without gaps from there on.
first_entries as (
    select company_id, location_id, variant_id, min(change_date) as first_stock_date
    from series_changes
    group by company_id, location_id, variant_id
),

windows as (
    select
        outs.*,
        greatest(outs.first_date - 56, outs.first_sold_date, first_entries.first_stock_date) as window_date
    from outs
    inner join first_entries
        on
            outs.company_id = first_entries.company_id
            and outs.location_id = first_entries.location_id
            and outs.variant_id = first_entries.variant_id
),

out_days_before as (
    select
        windows.company_id,
        windows.location_id,
        windows.variant_id,
        windows.first_date,
        count(*) as days_count
    from windows
    inner join out_days
        on
            windows.company_id = out_days.company_id
            and windows.location_id = out_days.location_id
            and windows.variant_id = out_days.variant_id
            and windows.window_date <= out_days.stock_date
            and windows.first_date > out_days.stock_date
    group by windows.company_id, windows.location_id, windows.variant_id, windows.first_date
),

sold_before as (
    select
        windows.company_id,
        windows.location_id,
        windows.variant_id,
        windows.first_date,
        sum(demand.demand_units) as demand_units,
        sum(demand.net_sales_amount) as net_sales_amount
    from windows
    inner join demand
        on
            windows.company_id = demand.company_id
            and windows.location_id = demand.location_id
            and windows.variant_id = demand.variant_id
            and windows.window_date <= demand.demand_date
            and windows.first_date > demand.demand_date
    left join out_days
        on
            demand.company_id = out_days.company_id
            and demand.location_id = out_days.location_id
            and demand.variant_id = out_days.variant_id
            and demand.demand_date = out_days.stock_date
    where out_days.stock_date is null
    group by windows.company_id, windows.location_id, windows.variant_id, windows.first_date
),

stock_outs as (
    select
        windows.company_id,
        windows.location_id,
        windows.variant_id,
        windows.first_date,
        windows.last_date,
        cast(
            greatest({{ days_between('windows.window_date', 'windows.first_date') }}, 0)
            - coalesce(out_days_before.days_count, 0) as integer
        ) as comparable_days,
        cast(coalesce(sold_before.demand_units, 0) as integer) as comparable_units,
        cast(coalesce(sold_before.net_sales_amount, 0) as decimal(18, 2)) as comparable_amount
    from windows
    left join out_days_before
        on
            windows.company_id = out_days_before.company_id
            and windows.location_id = out_days_before.location_id
            and windows.variant_id = out_days_before.variant_id
            and windows.first_date = out_days_before.first_date
    left join sold_before
        on
            windows.company_id = sold_before.company_id
            and windows.location_id = sold_before.location_id
            and windows.variant_id = sold_before.variant_id
            and windows.first_date = sold_before.first_date
)

select * from stock_outs
