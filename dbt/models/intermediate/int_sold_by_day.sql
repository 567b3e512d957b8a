-- One row per company, shop, variant and day: the units that were ordered and not cancelled, with amounts.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_order_days_changed',
            'replaces': 'target.company_id = changed.company_id and target.variant_id = changed.variant_id'
                ~ ' and target.sales_date = changed.changed_date',
        },
    )
}}

with order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
    where sold_units > 0
),

days_changed as (
    select * from {{ ref('int_order_days_changed') }}
),

by_day as (
    select
        order_lines.company_id,
        order_lines.shop_id,
        order_lines.variant_id,
        order_lines.product_id,
        order_lines.placed_date as sales_date,
        sum(order_lines.sold_units) as units,
        -- A line as priced less its discount is gross where prices have tax in them, else net.
        sum(
            order_lines.sold_discount_amount + order_lines.sold_net_amount
            + case
                when order_lines.line_amount - order_lines.discount_amount = order_lines.gross_amount
                    then order_lines.sold_tax_amount
                else 0
            end
        ) as list_sales_amount,
        sum(order_lines.sold_discount_amount) as discount_amount,
        sum(order_lines.sold_net_amount) as net_sales_amount,
        sum(order_lines.sold_tax_amount) as tax_amount,
        sum(order_lines.sold_net_amount) filter (where order_lines.cost_amount is not null)
            as costed_net_sales_amount,
        sum(order_lines.cost_amount) as cost_amount
    from
        order_lines
    {%- if is_incremental() %}
    inner join days_changed
        on
            order_lines.company_id = days_changed.company_id
            and order_lines.variant_id = days_changed.variant_id
            and order_lines.placed_date = days_changed.changed_date
    {%- endif %}
    group by
        order_lines.company_id,
        order_lines.shop_id,
        order_lines.variant_id,
        order_lines.product_id,
        order_lines.placed_date
)

select * from by_day
