with payments as (
    select * from {{ ref('fct_payments') }}
),

srv_payments as (
    select
        company_id,
        payment_id,
        created_date,
        shop_id,
        coalesce(method_code, 'unknown') as method_code,
        provider,
        transaction_status,
        payment_status,
        failure_code,
        is_first_order_of_payment,
        attempts_count,
        failed_attempts_count,
        allocated_amount,
        captured_amount,
        refunded_amount
    from payments
)

select * from srv_payments
