with newest as (
    {{ newest_versions('payment_allocations') }}
),

payment_allocations as (
    select
        company_id,
        id as payment_allocation_id,
        payment_id,
        order_id,
        shop_id,
        amount,
        captured_amount,
        refund_reserved_amount,
        refunded_amount,
        created_at,
        pull_number
    from newest
)

select * from payment_allocations
