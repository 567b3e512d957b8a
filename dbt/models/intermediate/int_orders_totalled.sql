{#
    One row per order: the order as it was placed, what of it was sold and kept, and what was paid for it.
    Kept is what was neither cancelled nor has come back so far, whenever it came back.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_order_facts_changed',
            'replaces': 'target.company_id = changed.company_id and target.order_id = changed.order_id',
        },
    )
}}

with orders as (
    select * from {{ ref('int_orders_dated') }}
),

order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

allocations as (
    select * from {{ ref('stg_storefront__payment_allocations') }}
),

facts_changed as (
    select * from {{ ref('int_order_facts_changed') }}
),

lines_measured as (
    select
        order_lines.*,
        orders.minor_unit_digits,
        order_lines.sold_units - order_lines.returned_units as kept_units,
        -- What was neither cancelled nor sent back, less what those units gave back together.
        {{ rest_of_amount(
            'order_lines.net_amount',
            '(order_lines.quantity_units - order_lines.sold_units + order_lines.returned_units)',
            'order_lines.quantity_units',
            'orders.minor_unit_digits'
        ) }} as kept_net_amount
    from order_lines
    inner join orders on order_lines.company_id = orders.company_id and order_lines.order_id = orders.order_id
    {%- if is_incremental() %}
        inner join facts_changed
            on
                order_lines.company_id = facts_changed.company_id
                and order_lines.order_id = facts_changed.order_id
    {%- endif %}
),

lines_costed as (
    select
        *,
        {{ round_amount('unit_cost_amount * kept_units', 'minor_unit_digits') }} as kept_cost_amount
    from lines_measured
),

goods as (
    select
        company_id,
        order_id,
        count(*) as lines_count,
        sum(quantity_units) as ordered_units,
        sum(sold_units) as units,
        sum(kept_units) as kept_units,
        sum(sold_net_amount) as net_sales_amount,
        sum(sold_tax_amount) as sales_tax_amount,
        sum(sold_discount_amount) as sales_discount_amount,
        sum(sold_net_amount) filter (where cost_amount is not null) as costed_net_sales_amount,
        sum(cost_amount) as cost_amount,
        sum(kept_net_amount) as kept_net_sales_amount,
        sum(kept_net_amount - kept_cost_amount) as kept_margin_amount
    from lines_costed
    group by company_id, order_id
),

paid as (
    select
        allocations.company_id,
        allocations.order_id,
        sum(allocations.captured_amount) as captured_amount,
        sum(allocations.refunded_amount) as refunded_amount
    from
        allocations
    {%- if is_incremental() %}
    inner join facts_changed
        on
            allocations.company_id = facts_changed.company_id
            and allocations.order_id = facts_changed.order_id
    {%- endif %}
    group by allocations.company_id, allocations.order_id
),

totalled as (
    select
        orders.company_id,
        orders.order_id,
        orders.order_number,
        orders.shop_id,
        orders.customer_id,
        orders.placed_by,
        orders.status,
        orders.payment_status,
        orders.placed_at,
        orders.placed_date,
        orders.prices_include_tax,
        orders.subtotal_amount,
        orders.stated_shipping_amount as shipping_amount,
        orders.discount_amount,
        orders.tax_amount,
        orders.total_amount,
        cast(coalesce(goods.lines_count, 0) as integer) as lines_count,
        cast(coalesce(goods.ordered_units, 0) as integer) as ordered_units,
        cast(coalesce(goods.units, 0) as integer) as units,
        cast(coalesce(goods.kept_units, 0) as integer) as kept_units,
        cast(coalesce(goods.net_sales_amount, 0) as decimal(14, 2)) as net_sales_amount,
        cast(coalesce(goods.sales_tax_amount, 0) as decimal(14, 2)) as sales_tax_amount,
        cast(coalesce(goods.sales_discount_amount, 0) as decimal(14, 2)) as sales_discount_amount,
        cast(coalesce(goods.costed_net_sales_amount, 0) as decimal(14, 2)) as costed_net_sales_amount,
        cast(coalesce(goods.cost_amount, 0) as decimal(14, 2)) as cost_amount,
        cast(coalesce(goods.kept_net_sales_amount, 0) as decimal(14, 2)) as kept_net_sales_amount,
        cast(coalesce(goods.kept_margin_amount, 0) as decimal(14, 2)) as kept_margin_amount,
        cast(coalesce(paid.captured_amount, 0) as decimal(14, 2)) as captured_amount,
        cast(coalesce(paid.refunded_amount, 0) as decimal(14, 2)) as refunded_amount
    from
        orders
    {%- if is_incremental() %}
    inner join facts_changed
        on orders.company_id = facts_changed.company_id and orders.order_id = facts_changed.order_id
    {%- endif %}
    left join goods on orders.company_id = goods.company_id and orders.order_id = goods.order_id
    left join paid on orders.company_id = paid.company_id and orders.order_id = paid.order_id
)

select * from totalled
