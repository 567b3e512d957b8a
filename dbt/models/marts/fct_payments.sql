{# A view: the rows stand in the intermediate table already. #}
{{ config(materialized='view') }}

with payments as (
    select * from {{ ref('int_payments_allocated') }}
),

payment_methods as (
    select * from {{ ref('stg_storefront__payment_methods') }}
),

fct_payments as (
    select
        payments.company_id,
        payments.payment_id,
        payments.order_id,
        payments.shop_id,
        payments.customer_id,
        payment_methods.code as method_code,
        payments.provider,
        payments.status as transaction_status,
        payments.payment_status,
        payments.failure_code,
        payments.attempts_count,
        payments.failed_attempts_count,
        payments.is_first_order_of_payment,
        payments.payment_amount,
        payments.payment_captured_amount,
        payments.allocated_amount,
        payments.captured_amount,
        payments.refunded_amount,
        payments.created_date,
        payments.paid_date,
        payments.failed_date
    from payments
    left join payment_methods
        on
            payments.company_id = payment_methods.company_id
            and payments.payment_method_id = payment_methods.payment_method_id
)

select * from fct_payments
