{#
    One row per company, variant, location and day on which something happened, with the stock at its end and
    the next such day. Days beyond the horizon are in: `int_series_changes` leaves them out.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_series_changed',
            'replaces': 'target.company_id = changed.company_id and target.variant_id = changed.variant_id'
                ~ ' and target.location_id = changed.location_id and target.change_date >= changed.from_date',
        },
    )
}}

with demand as (
    select * from {{ ref('int_demand_by_day') }}
),

stock_moves as (
    select * from {{ ref('int_stock_moves_by_day') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

series_changed as (
    select * from {{ ref('int_series_changed') }}
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
        0 as transferred_units,
        0 as lost_units,
        0 as in_units,
        0 as out_units,
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
        0 as transferred_units,
        0 as lost_units,
        0 as in_units,
        0 as out_units,
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
        transferred_units,
        lost_units,
        in_units,
        out_units,
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
        {%- if is_incremental() %}
            any_value(series_changed.opening_units) as opening_units,
            any_value(series_changed.had_stock_record) as had_stock_record,
        {%- else %}
            0 as opening_units,
            false as had_stock_record,
        {%- endif %}
        cast(sum(happenings.demand_units) as integer) as demand_units,
        cast(sum(happenings.customer_returned_units) as integer) as customer_returned_units,
        cast(sum(happenings.received_units) as integer) as received_units,
        cast(sum(happenings.sold_units) as integer) as sold_units,
        cast(sum(happenings.returned_units) as integer) as returned_units,
        cast(sum(happenings.adjusted_units) as integer) as adjusted_units,
        cast(sum(happenings.transferred_units) as integer) as transferred_units,
        cast(sum(happenings.lost_units) as integer) as lost_units,
        cast(sum(happenings.in_units) as integer) as in_units,
        cast(sum(happenings.out_units) as integer) as out_units,
        cast(sum(happenings.moved_units) as integer) as moved_units,
        sum(happenings.stock_records) as stock_records
    from
        happenings
    {%- if is_incremental() %}
    inner join series_changed
        on
            happenings.company_id = series_changed.company_id
            and happenings.variant_id = series_changed.variant_id
            and happenings.location_id = series_changed.location_id
            and happenings.change_date >= series_changed.from_date
    {%- endif %}
    group by
        happenings.company_id, happenings.variant_id, happenings.location_id, happenings.change_date
),

balances as (
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
        cast(opening_units + sum(moved_units) over so_far as integer) as closing_units,
        had_stock_record or sum(stock_records) over so_far > 0 as has_stock_record,
        had_stock_record or (sum(stock_records) over so_far) - stock_records > 0 as had_stock_record,
        lead(change_date) over (
            partition by company_id, variant_id, location_id order by change_date
        ) as next_change_date
    from by_day
    window so_far as (
        partition by company_id, variant_id, location_id order by change_date
        rows between unbounded preceding and current row
    )
)

select * from balances
