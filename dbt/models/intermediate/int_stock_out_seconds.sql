{#
    One row per company, location, variant and day within which the ledger moved stock and nothing was on hand
    for a time: the seconds for which there was nothing, up to the end of the day. Before a series' first entry
    nothing is known. Days without an entry are out of stock as a whole or not at all.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_series_changed',
            'replaces': 'target.company_id = changed.company_id and target.variant_id = changed.variant_id'
                ~ ' and target.location_id = changed.location_id and target.stock_date >= changed.from_date',
        },
    )
}}

with moves as (
    select * from {{ ref('int_stock_moves_timed') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

series_changed as (
    select * from {{ ref('int_series_changed') }}
),

timed as (
    select
        moves.company_id,
        moves.location_id,
        moves.variant_id,
        moves.stock_date,
        moves.opening_units,
        moves.had_stock_record,
        moves.on_hand_after_units,
        moves.occurred_at,
        {{ day_start('moves.stock_date', 'companies.timezone') }} as day_starts_at,
        {{ day_start('(moves.stock_date + 1)', 'companies.timezone') }} as day_ends_at,
        lead(moves.occurred_at) over (
            partition by moves.company_id, moves.location_id, moves.variant_id, moves.stock_date
            order by moves.occurred_at, moves.ledger_id
        ) as next_occurred_at
    from moves
    inner join companies on moves.company_id = companies.company_id
    {%- if is_incremental() %}
        inner join series_changed
            on
                moves.company_id = series_changed.company_id
                and moves.variant_id = series_changed.variant_id
                and moves.location_id = series_changed.location_id
                and moves.stock_date >= series_changed.from_date
    {%- endif %}
),

spans as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        {{ seconds_between('occurred_at', 'coalesce(next_occurred_at, day_ends_at)') }} as span_seconds,
        on_hand_after_units <= 0 as is_out_of_stock
    from timed
),

mornings as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        {{ seconds_between('min(day_starts_at)', 'min(occurred_at)') }} as span_seconds,
        min(opening_units) <= 0 and bool_and(had_stock_record) as is_out_of_stock
    from timed
    group by company_id, location_id, variant_id, stock_date
),

all_spans as (
    select * from spans
    union all
    select * from mornings
),

by_day as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        cast(coalesce(sum(span_seconds) filter (where is_out_of_stock), 0) as integer) as out_of_stock_seconds
    from all_spans
    group by company_id, location_id, variant_id, stock_date
    having bool_or(is_out_of_stock)
)

select * from by_day
