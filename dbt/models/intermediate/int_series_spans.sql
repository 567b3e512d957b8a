{#
    One row per company, variant, location and run of days on which neither stock nor price nor cost changed:
    `int_series_changes` cut where the terms of the variant change. What happened stands on the first day of the
    first run; `is_begun_by_change` is false of those that only the terms began.
    A view: the terms are few, and the rows stand elsewhere.
#}
{{ config(materialized='view') }}

with series_changes as (
    select * from {{ ref('int_series_changes') }}
),

out_seconds as (
    select * from {{ ref('int_stock_out_seconds') }}
),

terms as (
    select * from {{ ref('int_variant_terms') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

cut as (
    select
        series_changes.*,
        series_changes.change_date + series_changes.days_count as day_after,
        terms.from_date as terms_from_date,
        terms.next_date as terms_next_date,
        terms.from_date <= series_changes.change_date as is_begun_by_change,
        terms.unit_price_amount,
        terms.regular_price_amount,
        terms.unit_cost_amount,
        terms.has_coupon
    from series_changes
    inner join terms
        on
            series_changes.company_id = terms.company_id
            and series_changes.variant_id = terms.variant_id
            and series_changes.change_date + series_changes.days_count > terms.from_date
            and series_changes.change_date < terms.next_date
),

spans as (
    select
        cut.company_id,
        cut.location_id,
        cut.variant_id,
        greatest(cut.change_date, cut.terms_from_date) as span_date,
        cast(
            {{
                days_between(
                    'greatest(cut.change_date, cut.terms_from_date)',
                    'least(cut.day_after, cut.terms_next_date)'
                )
            }} as integer
        ) as days_count,
        cut.is_begun_by_change,
        case when cut.is_begun_by_change then cut.demand_units else 0 end as demand_units,
        case when cut.is_begun_by_change then cut.customer_returned_units else 0 end
            as customer_returned_units,
        case when cut.is_begun_by_change then cut.received_units else 0 end as received_units,
        case when cut.is_begun_by_change then cut.sold_units else 0 end as sold_units,
        case when cut.is_begun_by_change then cut.returned_units else 0 end as returned_units,
        case when cut.is_begun_by_change then cut.adjusted_units else 0 end as adjusted_units,
        case when cut.is_begun_by_change then cut.transferred_units else 0 end as transferred_units,
        case when cut.is_begun_by_change then cut.lost_units else 0 end as lost_units,
        case when cut.is_begun_by_change then cut.moved_units else 0 end as moved_units,
        cut.closing_units,
        cut.has_stock_record,
        case when cut.is_begun_by_change then out_seconds.out_of_stock_seconds end
            as entries_out_of_stock_seconds,
        cut.unit_price_amount,
        cut.regular_price_amount,
        cut.unit_cost_amount,
        cut.has_coupon,
        companies.timezone,
        companies.pulled_at,
        companies.pulled_date
    from cut
    inner join companies on cut.company_id = companies.company_id
    left join out_seconds
        on
            cut.company_id = out_seconds.company_id
            and cut.location_id = out_seconds.location_id
            and cut.variant_id = out_seconds.variant_id
            and cut.change_date = out_seconds.stock_date
)

select * from spans
