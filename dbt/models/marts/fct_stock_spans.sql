{#
    A view on balances and terms: what a day-by-day table would hold, in a fraction of its rows.
#}
{{ config(materialized='view') }}

with series_spans as (
    select * from {{ ref('int_series_spans') }}
),

demand as (
    select * from {{ ref('int_demand_by_day') }}
),

reservations as (
    select * from {{ ref('stg_storefront__reservations') }}
    where owner_type = 'order'
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

first_reservations as (
    select company_id, min(created_at) as first_reserved_at
    from reservations
    group by company_id
),

-- What was promised without being there is known from the first order on that held stock.
promising as (
    select
        first_reservations.company_id,
        {{ local_date('first_reservations.first_reserved_at', 'companies.timezone') }} as first_reserved_date
    from first_reservations
    inner join companies on first_reservations.company_id = companies.company_id
),

fct_stock_spans as (
    select
        series_spans.company_id,
        series_spans.location_id,
        series_spans.variant_id,
        series_spans.span_date,
        series_spans.days_count,
        series_spans.demand_units,
        case
            when series_spans.span_date >= promising.first_reserved_date then series_spans.demand_units else 0
        end as wanted_units,
        case
            when series_spans.is_begun_by_change and series_spans.span_date >= promising.first_reserved_date
                then coalesce(demand.short_units, 0)
            else 0
        end as short_units,
        case
            when series_spans.is_begun_by_change then coalesce(demand.net_sales_amount, 0)
            else cast(0 as decimal(18, 2))
        end as net_sales_amount,
        case
            when series_spans.is_begun_by_change then coalesce(demand.margin_amount, 0)
            else cast(0 as decimal(18, 2))
        end as margin_amount,
        series_spans.closing_units - series_spans.moved_units as opening_units,
        series_spans.received_units,
        series_spans.sold_units,
        series_spans.returned_units,
        series_spans.adjusted_units,
        series_spans.transferred_units,
        series_spans.lost_units,
        series_spans.closing_units,
        series_spans.unit_cost_amount
    from series_spans
    left join promising on series_spans.company_id = promising.company_id
    left join demand
        on
            series_spans.company_id = demand.company_id
            and series_spans.variant_id = demand.variant_id
            and series_spans.location_id = demand.location_id
            and series_spans.span_date = demand.demand_date
)

select * from fct_stock_spans
