{#
    One row per order line: what was placed, what is left of it after cancellation (sold), where it is
    taken from, and what it cost by the cost that the line kept when it was placed.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_orders_changed',
            'replaces': 'target.company_id = changed.company_id and target.order_id = changed.order_id',
        },
    )
}}

with order_lines as (
    select * from {{ ref('stg_storefront__order_lines') }}
),

orders as (
    select * from {{ ref('int_orders_dated') }}
),

variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

first_locations as (
    select * from {{ ref('int_shops_first_location') }}
),

reserved as (
    select * from {{ ref('int_order_lines_reserved') }}
    where location_rank = 1
),

orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

placed as (
    select
        order_lines.company_id,
        order_lines.order_line_id,
        order_lines.order_id,
        order_lines.line_number,
        orders.order_number,
        orders.shop_id,
        coalesce(reserved.location_id, first_locations.location_id) as location_id,
        orders.customer_id,
        order_lines.variant_id,
        variants.product_id,
        orders.placed_at,
        orders.placed_date,
        orders.status as order_status,
        order_lines.quantity_units,
        order_lines.returned_units,
        order_lines.line_amount,
        order_lines.discount_amount,
        order_lines.net_amount,
        order_lines.tax_amount,
        order_lines.gross_amount,
        order_lines.unit_cost_amount,
        orders.minor_unit_digits,
        -- A cancelled order sold nothing but what had left before.
        case
            when orders.status = 'cancelled' then order_lines.quantity_units - order_lines.fulfilled_units
            else order_lines.cancelled_units
        end as cancelled_units
    from
        order_lines
    -- First, so that the other joins are of the changed orders' lines alone.
    {%- if is_incremental() %}
    inner join orders_changed
        on
            order_lines.company_id = orders_changed.company_id
            and order_lines.order_id = orders_changed.order_id
    {%- endif %}
    inner join orders on order_lines.company_id = orders.company_id and order_lines.order_id = orders.order_id
    inner join variants
        on order_lines.company_id = variants.company_id and order_lines.variant_id = variants.variant_id
    left join reserved
        on order_lines.company_id = reserved.company_id and order_lines.order_line_id = reserved.order_line_id
    left join first_locations
        on orders.company_id = first_locations.company_id and orders.shop_id = first_locations.shop_id
),

with_sold_units as (
    select
        *,
        quantity_units - cancelled_units as sold_units
    from placed
),

with_amounts as (
    select
        *,
        -- What was charged for the kept units is what the cancelled ones did not give back. Tax and discount
        -- are what is between two such rests, so that no cent comes from rounding each by itself.
        {{ rest_of_amount('net_amount', 'cancelled_units', 'quantity_units', 'minor_unit_digits') }}
            as sold_net_amount,
        {{ rest_of_amount(
            '(net_amount + tax_amount)', 'cancelled_units', 'quantity_units', 'minor_unit_digits'
        ) }} as sold_gross_amount,
        {{ rest_of_amount('line_amount', 'cancelled_units', 'quantity_units', 'minor_unit_digits') }}
            as sold_line_amount,
        {{ rest_of_amount(
            '(line_amount - discount_amount)', 'cancelled_units', 'quantity_units', 'minor_unit_digits'
        ) }} as sold_discounted_amount,
        {{ round_amount('unit_cost_amount * sold_units', 'minor_unit_digits') }} as cost_amount
    from with_sold_units
),

sold as (
    select
        company_id,
        order_line_id,
        order_id,
        line_number,
        order_number,
        shop_id,
        location_id,
        customer_id,
        variant_id,
        product_id,
        placed_at,
        placed_date,
        order_status,
        quantity_units,
        returned_units,
        line_amount,
        discount_amount,
        net_amount,
        tax_amount,
        gross_amount,
        unit_cost_amount,
        cancelled_units,
        sold_units,
        sold_net_amount,
        cast(sold_gross_amount - sold_net_amount as decimal(14, 2)) as sold_tax_amount,
        cast(sold_line_amount - sold_discounted_amount as decimal(14, 2)) as sold_discount_amount,
        cost_amount,
        cast(sold_net_amount - cost_amount as decimal(14, 2)) as margin_amount
    from with_amounts
)

select * from sold
