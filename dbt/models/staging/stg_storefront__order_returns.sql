with newest as (
    {{ newest_versions('order_returns') }}
),

order_returns as (
    select
        company_id,
        id as order_return_id,
        order_id,
        customer_id,
        shop_id,
        external_code,
        status,
        reason,
        refund_amount,
        returned_at,
        requested_at,
        decided_at,
        received_at,
        refunded_at,
        refunded_amount,
        refund_id as payment_refund_id,
        created_at,
        pull_number
    from newest
)

select * from order_returns
