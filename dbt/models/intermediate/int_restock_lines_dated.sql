-- One row per restock order line, with its order's state, supplier and days in the company's time zone.
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

dated as (
    select
        restock_order_lines.company_id,
        restock_order_lines.restock_order_line_id,
        restock_order_lines.restock_order_id,
        restock_orders.restock_number,
        restock_orders.status,
        restock_orders.supplier_id,
        suppliers.working_weekdays,
        restock_orders.location_id,
        restock_order_lines.variant_id,
        restock_order_lines.ordered_units,
        restock_order_lines.received_units,
        case
            when restock_orders.status in ('draft', 'approved', 'sent', 'partly_received')
                then greatest(restock_order_lines.ordered_units - restock_order_lines.received_units, 0)
            else 0
        end as open_units,
        {{ local_date('restock_orders.sent_at', 'companies.timezone') }} as sent_date,
        restock_orders.expected_date,
        restock_orders.is_assumed or suppliers.is_assumed as is_assumed,
        companies.timezone,
        companies.horizon_date,
        companies.pulled_date
    from restock_order_lines
    inner join restock_orders
        on
            restock_order_lines.company_id = restock_orders.company_id
            and restock_order_lines.restock_order_id = restock_orders.restock_order_id
    inner join suppliers
        on
            restock_orders.company_id = suppliers.company_id
            and restock_orders.supplier_id = suppliers.supplier_id
    inner join companies on restock_order_lines.company_id = companies.company_id
)

select * from dated
