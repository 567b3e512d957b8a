with newest as (
    {{ newest_versions('payment_refunds') }}
),

payment_refunds as (
    select
        company_id,
        id as payment_refund_id,
        payment_id,
        order_id,
        amount,
        currency,
        reason,
        status,
        requested_by,
        processed_at,
        created_at,
        pull_number
    from newest
)

select * from payment_refunds
