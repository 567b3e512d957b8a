{#
    One row per line of an order of which something was fed since the last build (the order itself, a line, a
    charge or a reservation), as the line stood in that build; a row without a line for an order that had none.
    It is written down before the lines are replaced, and once: a build that starts from the same pull as one
    that died keeps what that one wrote, because the lines it would read are that build's.
#}
{%- set built = last_built_pull() | int %}

{%- set columns = {
    'company_id': 'varchar', 'order_id': 'varchar', 'order_line_id': 'varchar', 'shop_id': 'varchar',
    'location_id': 'varchar', 'customer_id': 'varchar', 'variant_id': 'varchar', 'product_id': 'varchar',
    'placed_date': 'date', 'sold_units': 'integer', 'line_amount': 'decimal(14, 2)',
    'discount_amount': 'decimal(14, 2)', 'gross_amount': 'decimal(14, 2)', 'sold_net_amount': 'decimal(14, 2)',
    'sold_tax_amount': 'decimal(14, 2)', 'sold_discount_amount': 'decimal(14, 2)',
    'cost_amount': 'decimal(14, 2)',
} %}

with orders as (
    select * from {{ ref('stg_storefront__orders') }}
    where pull_number > {{ built }}
),

order_lines as (
    select * from {{ ref('stg_storefront__order_lines') }}
    where pull_number > {{ built }}
),

order_charges as (
    select * from {{ ref('stg_storefront__order_charges') }}
    where pull_number > {{ built }} and order_id is not null
),

reservations as (
    select * from {{ ref('stg_storefront__reservations') }}
    where pull_number > {{ built }} and owner_type = 'order'
),

lines_as_built as (
    select * from {{ as_last_built('int_order_lines_sold', columns) }}
),

written_down as (
    select * from {{ as_last_built('int_order_lines_before', dict(columns, built_pull_number='bigint')) }}
    where built_pull_number = {{ built }}
),

orders_written_down as (
    select distinct company_id, order_id
    from written_down
),

orders_changed as (
    select company_id, order_id from orders
    union
    select company_id, order_id from order_lines
    union
    select company_id, order_id from order_charges
    union
    select company_id, owner_id as order_id from reservations
),

orders_to_write_down as (
    select orders_changed.*
    from orders_changed
    left join orders_written_down
        on
            orders_changed.company_id = orders_written_down.company_id
            and orders_changed.order_id = orders_written_down.order_id
    where orders_written_down.order_id is null
),

lines_before as (
    select
        orders_to_write_down.company_id,
        orders_to_write_down.order_id,
        lines_as_built.order_line_id,
        cast({{ built }} as bigint) as built_pull_number,
        lines_as_built.shop_id,
        lines_as_built.location_id,
        lines_as_built.customer_id,
        lines_as_built.variant_id,
        lines_as_built.product_id,
        lines_as_built.placed_date,
        lines_as_built.sold_units,
        lines_as_built.line_amount,
        lines_as_built.discount_amount,
        lines_as_built.gross_amount,
        lines_as_built.sold_net_amount,
        lines_as_built.sold_tax_amount,
        lines_as_built.sold_discount_amount,
        lines_as_built.cost_amount
    from orders_to_write_down
    left join lines_as_built
        on
            orders_to_write_down.company_id = lines_as_built.company_id
            and orders_to_write_down.order_id = lines_as_built.order_id
    union all
    select
        company_id,
        order_id,
        order_line_id,
        built_pull_number,
        shop_id,
        location_id,
        customer_id,
        variant_id,
        product_id,
        placed_date,
        sold_units,
        line_amount,
        discount_amount,
        gross_amount,
        sold_net_amount,
        sold_tax_amount,
        sold_discount_amount,
        cost_amount
    from written_down
)

select * from lines_before
