-- One row per restock order line, with its order's state, supplier and days in the company's time zone.
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

with restock_order_lines as (
    select * from {{ ref('stg_storefront__restock_order_lines') }}
),

restock_orders as (
    select * from {{ ref('stg_storefront__restock_orders') }}
),

suppliers as (
    select * from {{ ref('stg_storefront__suppliers') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

lines_changed as (
    select * from {{ ref('int_restock_lines_changed') }}
),

-- An order has many lines: to convert its instant once takes a hundredth of the time.
orders_dated as (
    select
        restock_orders.*,
        {{ local_date('restock_orders.sent_at', 'companies.timezone') }} as sent_date
    from restock_orders
    inner join companies on restock_orders.company_id = companies.company_id
),

dated as (
    select
        restock_order_lines.company_id,
        restock_order_lines.restock_order_line_id,
        restock_order_lines.restock_order_id,
        orders_dated.restock_number,
        orders_dated.status,
        orders_dated.supplier_id,
        suppliers.working_weekdays,
        orders_dated.location_id,
        restock_order_lines.variant_id,
        restock_order_lines.ordered_units,
        restock_order_lines.received_units,
        case
            when orders_dated.status in ('draft', 'approved', 'sent', 'partly_received')
                then greatest(restock_order_lines.ordered_units - restock_order_lines.received_units, 0)
            else 0
        end as open_units,
        orders_dated.sent_date,
        orders_dated.expected_date,
        orders_dated.currency,
        orders_dated.exchange_rate,
        restock_order_lines.unit_cost_amount,
        orders_dated.is_assumed or suppliers.is_assumed as is_assumed
    from
        restock_order_lines
    {%- if is_incremental() %}
    inner join lines_changed
        on
            restock_order_lines.company_id = lines_changed.company_id
            and restock_order_lines.restock_order_line_id = lines_changed.restock_order_line_id
    {%- endif %}
    inner join orders_dated
        on
            restock_order_lines.company_id = orders_dated.company_id
            and restock_order_lines.restock_order_id = orders_dated.restock_order_id
    inner join suppliers
        on
            orders_dated.company_id = suppliers.company_id
            and orders_dated.supplier_id = suppliers.supplier_id
)

select * from dated
