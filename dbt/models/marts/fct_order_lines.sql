{# A view: the rows stand in the intermediate table already, and a million of them are not copied. #}
{{ config(materialized='view') }}

with order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

fct_order_lines as (
    select
        company_id,
        order_line_id,
        order_id,
        order_number,
        line_number,
        shop_id,
        location_id,
        customer_id,
        variant_id,
        product_id,
        placed_at,
        placed_date,
        order_status,
        quantity_units,
        cancelled_units,
        sold_units,
        returned_units,
        sold_units - returned_units as kept_units,
        line_amount,
        discount_amount,
        net_amount,
        tax_amount,
        gross_amount,
        sold_discount_amount,
        sold_net_amount,
        sold_tax_amount,
        unit_cost_amount,
        cost_amount,
        margin_amount,
        customer_id is null as is_guest
    from order_lines
)

select * from fct_order_lines
