{#
    One row per company, location, variant and day on which something happened, and at whose end or within
    which nothing was on hand, with the next such day: the few balances that days out of stock are made of.
    Days beyond the horizon are in.
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

with balances as (
    select * from {{ ref('int_series_balances') }}
    where has_stock_record
),

out_seconds as (
    select * from {{ ref('int_stock_out_seconds') }}
),

series_changed as (
    select * from {{ ref('int_series_changed') }}
),

out_of_stock as (
    select
        balances.company_id,
        balances.location_id,
        balances.variant_id,
        balances.change_date,
        balances.next_change_date,
        balances.demand_units,
        balances.closing_units,
        out_seconds.out_of_stock_seconds as entries_out_of_stock_seconds
    from
        balances
    {%- if is_incremental() %}
    inner join series_changed
        on
            balances.company_id = series_changed.company_id
            and balances.variant_id = series_changed.variant_id
            and balances.location_id = series_changed.location_id
            and balances.change_date >= series_changed.from_date
    {%- endif %}
    left join out_seconds
        on
            balances.company_id = out_seconds.company_id
            and balances.location_id = out_seconds.location_id
            and balances.variant_id = out_seconds.variant_id
            and balances.change_date = out_seconds.stock_date
    where balances.closing_units <= 0 or out_seconds.out_of_stock_seconds > 0
)

select * from out_of_stock
