with newest as (
    {{ newest_versions('payments') }}
),

payments as (
    select
        company_id,
        id as payment_id,
        transaction_number,
        checkout_id,
        customer_id,
        user_id,
        payment_method_id,
        provider,
        currency,
        amount,
        authorised_amount,
        captured_amount,
        refunded_amount,
        capture_mode,
        status,
        payment_status,
        failure_code,
        attempts,
        authorised_at,
        paid_at,
        failed_at,
        cancelled_at,
        refunded_at,
        created_at,
        pull_number
    from newest
)

select * from payments
