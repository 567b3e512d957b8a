with newest as (
    {{ newest_versions('order_cancellations') }}
),

order_cancellations as (
    select
        company_id,
        id as order_cancellation_id,
        order_id,
        reason,
        currency,
        goods_amount,
        shipping_amount,
        total_amount,
        refund_id,
        occurred_at,
        created_at
    from newest
)

select * from order_cancellations
