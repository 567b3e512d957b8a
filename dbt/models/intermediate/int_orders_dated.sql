-- One row per order, with the company's calendar day on which it was placed and what it paid for shipping.
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

with orders as (
    select * from {{ ref('stg_storefront__orders') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

order_charges as (
    select * from {{ ref('stg_storefront__order_charges') }}
),

orders_changed as (
    select * from {{ ref('int_orders_changed') }}
),

shipping_charges as (
    select company_id, order_id, sum(amount) as amount
    from order_charges
    where kind = 'shipping' and order_id is not null
    group by company_id, order_id
),

-- An imported order may carry its postage as a charge only; it is never counted twice.
dated as (
    select
        orders.company_id,
        orders.order_id,
        orders.order_number,
        orders.shop_id,
        orders.customer_id,
        orders.status,
        orders.payment_status,
        orders.placed_by,
        orders.placed_at,
        {{ local_date('orders.placed_at', 'companies.timezone') }} as placed_date,
        orders.subtotal_amount,
        case
            when orders.shipping_amount <> 0 then orders.shipping_amount
            else cast(coalesce(shipping_charges.amount, 0) as decimal(14, 2))
        end as shipping_amount,
        orders.shipping_amount as stated_shipping_amount,
        orders.discount_amount,
        orders.tax_amount,
        orders.total_amount,
        orders.prices_include_tax,
        companies.minor_unit_digits
    from orders
    inner join companies on orders.company_id = companies.company_id
    left join shipping_charges
        on orders.company_id = shipping_charges.company_id and orders.order_id = shipping_charges.order_id
    {%- if is_incremental() %}
        inner join orders_changed
            on orders.company_id = orders_changed.company_id and orders.order_id = orders_changed.order_id
    {%- endif %}
)

select * from dated
