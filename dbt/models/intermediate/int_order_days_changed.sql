{#
    One row per company, variant and day on which something else was sold than at the last build: a line of
    that day came or changed in what days are made of, or what is held for it did. Most changes of an order are
    none: it is paid, shipped, completed. To build the days of those anew would be to build most days anew,
    where orders are many.
#}
{%- set built = last_built_pull() | int %}

with orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

lines_before as (
    select * from {{ ref('int_order_lines_before') }}
    where order_line_id is not null
),

order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

reservations as (
    select * from {{ ref('stg_storefront__reservations') }}
    where pull_number > {{ built }} and owner_type = 'order'
),

lines_now as (
    select order_lines.*
    from order_lines
    inner join orders_changed
        on
            order_lines.company_id = orders_changed.company_id
            and order_lines.order_id = orders_changed.order_id
),

lines_changed as (
    select
        coalesce(lines_now.company_id, lines_before.company_id) as company_id,
        lines_now.variant_id as variant_now,
        lines_now.placed_date as date_now,
        lines_before.variant_id as variant_before,
        lines_before.placed_date as date_before
    from lines_now
    full join lines_before
        on
            lines_now.company_id = lines_before.company_id
            and lines_now.order_line_id = lines_before.order_line_id
    where
        lines_now.order_line_id is null
        or lines_before.order_line_id is null
        or lines_now.shop_id is distinct from lines_before.shop_id
        or lines_now.location_id is distinct from lines_before.location_id
        or lines_now.customer_id is distinct from lines_before.customer_id
        or lines_now.variant_id is distinct from lines_before.variant_id
        or lines_now.product_id is distinct from lines_before.product_id
        or lines_now.placed_date is distinct from lines_before.placed_date
        or lines_now.sold_units is distinct from lines_before.sold_units
        or lines_now.line_amount is distinct from lines_before.line_amount
        or lines_now.discount_amount is distinct from lines_before.discount_amount
        or lines_now.gross_amount is distinct from lines_before.gross_amount
        or lines_now.sold_net_amount is distinct from lines_before.sold_net_amount
        or lines_now.sold_tax_amount is distinct from lines_before.sold_tax_amount
        or lines_now.sold_discount_amount is distinct from lines_before.sold_discount_amount
        or lines_now.cost_amount is distinct from lines_before.cost_amount
),

-- What is held for a line decides where its demand lies.
held_anew as (
    select distinct
        lines_now.company_id,
        lines_now.variant_id,
        lines_now.placed_date as changed_date
    from lines_now
    inner join reservations
        on lines_now.company_id = reservations.company_id and lines_now.order_id = reservations.owner_id
),

changed as (
    select company_id, variant_now as variant_id, date_now as changed_date
    from lines_changed
    where date_now is not null
    union
    select company_id, variant_before as variant_id, date_before as changed_date
    from lines_changed
    where date_before is not null
    union
    select company_id, variant_id, changed_date from held_anew
)

select * from changed
