-- A view: its rows stand in two tables that are brought up to date by key.
{{ config(materialized='view') }}

with order_returns as (
    select * from {{ ref('int_returns_staged') }}
),

refunds as (
    select * from {{ ref('int_refunds_dated') }}
),

payment_methods as (
    select * from {{ ref('stg_storefront__payment_methods') }}
),

goods as (
    select
        company_id,
        'return' as kind,
        order_return_line_id as entry_id,
        order_return_id,
        payment_refund_id,
        cast(null as {{ dbt.type_string() }}) as payment_id,
        order_id,
        order_line_id,
        shop_id,
        customer_id,
        variant_id,
        product_id,
        cast(null as {{ dbt.type_string() }}) as method_code,
        stage,
        reason_kind,
        disposition,
        requested_date,
        decided_date,
        returned_date,
        refunded_date,
        cast(units as integer) as units,
        cast(case when returned_date is null then 0 else units end as integer) as returned_units,
        cast(goods_amount as decimal(14, 2)) as asked_amount,
        cast(coalesce(net_goods_amount, 0) as decimal(14, 2)) as returns_amount,
        cast(0 as decimal(14, 2)) as refund_amount
    from order_returns
),

money as (
    select
        refunds.company_id,
        'refund' as kind,
        refunds.payment_refund_id as entry_id,
        cast(null as {{ dbt.type_string() }}) as order_return_id,
        refunds.payment_refund_id,
        refunds.payment_id,
        refunds.order_id,
        cast(null as {{ dbt.type_string() }}) as order_line_id,
        refunds.shop_id,
        refunds.customer_id,
        cast(null as {{ dbt.type_string() }}) as variant_id,
        cast(null as {{ dbt.type_string() }}) as product_id,
        payment_methods.code as method_code,
        refunds.stage,
        refunds.reason_kind,
        cast(null as {{ dbt.type_string() }}) as disposition,
        refunds.requested_date,
        cast(null as date) as decided_date,
        cast(null as date) as returned_date,
        refunds.refunded_date,
        cast(0 as integer) as units,
        cast(0 as integer) as returned_units,
        cast(refunds.asked_amount as decimal(14, 2)) as asked_amount,
        cast(0 as decimal(14, 2)) as returns_amount,
        cast(refunds.refund_amount as decimal(14, 2)) as refund_amount
    from refunds
    left join payment_methods
        on
            refunds.company_id = payment_methods.company_id
            and refunds.payment_method_id = payment_methods.payment_method_id
),

fct_refunds_returns as (
    select * from goods
    union all
    select * from money
)

select * from fct_refunds_returns
