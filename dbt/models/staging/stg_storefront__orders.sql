with newest as (
    {{ newest_versions('orders') }}
),

orders as (
    select
        company_id,
        id as order_id,
        order_number,
        checkout_id,
        shop_id,
        customer_id,
        placed_by,
        status,
        payment_status,
        currency,
        prices_include_tax,
        subtotal_amount,
        tax_amount,
        shipping_amount,
        discount_amount,
        total_amount,
        coupon_code,
        external_code,
        placed_at,
        shipped_at,
        delivered_at,
        completed_at,
        cancelled_at,
        pull_number
    from newest
)

select * from orders
