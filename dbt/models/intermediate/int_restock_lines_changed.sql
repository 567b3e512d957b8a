{#
    One row per restock order line of which something was fed since the last build: itself, its order, its
    supplier, or what came of it. A supplier has many lines and changes seldom. Receipts are only ever added,
    each with its lines.
#}
{%- set built = last_built_pull() | int %}

with restock_order_lines as (
    select * from {{ ref('stg_storefront__restock_order_lines') }}
),

restock_orders as (
    select * from {{ ref('stg_storefront__restock_orders') }}
),

suppliers as (
    select * from {{ ref('stg_storefront__suppliers') }}
    where pull_number > {{ built }}
),

receipt_lines as (
    select * from {{ ref('stg_storefront__receipt_lines') }}
),

orders_changed as (
    select company_id, restock_order_id
    from restock_orders
    where pull_number > {{ built }}
    union
    select restock_orders.company_id, restock_orders.restock_order_id
    from restock_orders
    inner join suppliers
        on
            restock_orders.company_id = suppliers.company_id
            and restock_orders.supplier_id = suppliers.supplier_id
),

changed as (
    select company_id, restock_order_line_id
    from restock_order_lines
    where pull_number > {{ built }}
    union
    select restock_order_lines.company_id, restock_order_lines.restock_order_line_id
    from restock_order_lines
    inner join orders_changed
        on
            restock_order_lines.company_id = orders_changed.company_id
            and restock_order_lines.restock_order_id = orders_changed.restock_order_id
    union
    select company_id, restock_order_line_id
    from receipt_lines
    where pull_number > {{ built }}
)

select * from changed
