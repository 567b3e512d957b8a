{#
    One row per part of a restock order line: each receipt of it, and one for the rest that has not come, which
    is still awaited or was given up when its order was closed or cancelled. How old an open part is depends on
    the clock and is counted in the views of it.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_restock_lines_changed',
            'replaces': 'target.company_id = changed.company_id'
                ~ ' and target.restock_order_line_id = changed.restock_order_line_id',
        },
    )
}}

with restock_lines as (
    select * from {{ ref('int_restock_lines_dated') }}
),

receipt_lines as (
    select * from {{ ref('stg_storefront__receipt_lines') }}
),

receipts as (
    select * from {{ ref('stg_storefront__receipts') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

lines_changed as (
    select * from {{ ref('int_restock_lines_changed') }}
),

lines as (
    select restock_lines.*
    from
        restock_lines
    {%- if is_incremental() %}
    inner join lines_changed
        on
            restock_lines.company_id = lines_changed.company_id
            and restock_lines.restock_order_line_id = lines_changed.restock_order_line_id
    {%- endif %}
),

came as (
    select
        receipt_lines.company_id,
        receipt_lines.receipt_line_id,
        receipt_lines.receipt_id,
        receipt_lines.restock_order_line_id,
        receipt_lines.received_units,
        receipt_lines.unit_cost_amount
    from
        receipt_lines
    {%- if is_incremental() %}
    inner join lines_changed
        on
            receipt_lines.company_id = lines_changed.company_id
            and receipt_lines.restock_order_line_id = lines_changed.restock_order_line_id
    {%- endif %}
),

-- A receipt has many lines: to convert its instant once takes a hundredth of the time.
came_with as (
    select distinct company_id, receipt_id
    from came
),

receipts_dated as (
    select
        receipts.company_id,
        receipts.receipt_id,
        receipts.location_id,
        {{ local_date('receipts.received_at', 'companies.timezone') }} as received_date
    from receipts
    inner join came_with
        on receipts.company_id = came_with.company_id and receipts.receipt_id = came_with.receipt_id
    inner join companies on receipts.company_id = companies.company_id
),

received as (
    select
        came.company_id,
        came.receipt_line_id as restock_part_id,
        came.restock_order_line_id,
        'received' as state,
        receipts_dated.received_date,
        receipts_dated.location_id,
        came.received_units,
        0 as open_units,
        0 as cancelled_units,
        came.unit_cost_amount
    from came
    inner join receipts_dated
        on came.company_id = receipts_dated.company_id and came.receipt_id = receipts_dated.receipt_id
),

arrived as (
    select company_id, restock_order_line_id, sum(received_units) as received_units
    from came
    group by company_id, restock_order_line_id
),

rests as (
    select
        lines.company_id,
        lines.restock_order_line_id as restock_part_id,
        lines.restock_order_line_id,
        case when lines.open_units > 0 then 'open' else 'cancelled' end as state,
        cast(null as date) as received_date,
        lines.location_id,
        0 as received_units,
        lines.open_units,
        greatest(lines.ordered_units - coalesce(arrived.received_units, 0), 0) - lines.open_units
            as cancelled_units,
        lines.unit_cost_amount
    from lines
    left join arrived
        on
            lines.company_id = arrived.company_id
            and lines.restock_order_line_id = arrived.restock_order_line_id
),

all_parts as (
    select * from received
    union all
    select * from rests
    where open_units > 0 or cancelled_units > 0
),

parts as (
    select
        all_parts.company_id,
        all_parts.restock_part_id,
        lines.restock_order_id,
        all_parts.restock_order_line_id,
        lines.restock_number,
        lines.status,
        lines.supplier_id,
        lines.working_weekdays,
        lines.variant_id,
        all_parts.location_id,
        lines.location_id as ordered_for_location_id,
        all_parts.state,
        lines.ordered_units,
        cast(all_parts.received_units as integer) as received_units,
        cast(all_parts.open_units as integer) as open_units,
        cast(all_parts.cancelled_units as integer) as cancelled_units,
        lines.sent_date,
        lines.expected_date,
        all_parts.received_date,
        case
            when all_parts.received_date is not null
                then cast({{ days_between('lines.sent_date', 'all_parts.received_date') }} as integer)
        end as lead_time_days,
        case
            when all_parts.received_date is not null
                then
                    cast(
                        {{ working_days_after(
                            'lines.sent_date', 'all_parts.received_date', 'lines.working_weekdays'
                        ) }} as integer
                    )
        end as lead_time_working_days,
        lines.currency,
        all_parts.unit_cost_amount,
        cast(all_parts.unit_cost_amount * lines.exchange_rate as decimal(18, 6)) as unit_cost_company_amount,
        lines.is_assumed
    from all_parts
    inner join lines
        on
            all_parts.company_id = lines.company_id
            and all_parts.restock_order_line_id = lines.restock_order_line_id
)

select * from parts
