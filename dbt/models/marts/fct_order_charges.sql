with order_charges as (
    select * from {{ ref('stg_storefront__order_charges') }}
),

orders as (
    select * from {{ ref('int_orders_dated') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

fct_order_charges as (
    select
        order_charges.company_id,
        order_charges.order_charge_id,
        order_charges.order_id,
        orders.shop_id,
        order_charges.kind,
        order_charges.code,
        order_charges.description,
        {{ local_date('order_charges.occurred_at', 'companies.timezone') }} as charged_date,
        order_charges.amount as charge_amount
    from order_charges
    inner join companies on order_charges.company_id = companies.company_id
    left join orders
        on order_charges.company_id = orders.company_id and order_charges.order_id = orders.order_id
)

select * from fct_order_charges
