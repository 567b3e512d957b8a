with newest as (
    {{ newest_versions('coupon_redemptions') }}
),

coupon_redemptions as (
    select
        company_id,
        id as coupon_redemption_id,
        coupon_id,
        campaign_id as coupon_campaign_id,
        checkout_id,
        customer_id,
        code,
        kind,
        discount_amount,
        shipping_discount_amount,
        given_back_at,
        created_at
    from newest
)

select * from coupon_redemptions
