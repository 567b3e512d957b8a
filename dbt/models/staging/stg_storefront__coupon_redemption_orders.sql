with newest as (
    {{ newest_versions('coupon_redemption_orders', key=['redemption_id', 'order_id']) }}
),

coupon_redemption_orders as (
    select
        company_id,
        redemption_id as coupon_redemption_id,
        order_id,
        discount_amount,
        given_back_at,
        created_at
    from newest
)

select * from coupon_redemption_orders
