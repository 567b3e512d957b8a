with newest as (
    {{ newest_versions('coupons') }}
),

coupons as (
    select
        company_id,
        id as coupon_id,
        shop_id,
        campaign_id as coupon_campaign_id,
        code,
        kind,
        value,
        minimum_purchase_amount,
        maximum_discount_amount,
        is_stackable,
        is_for_new_users_only,
        total_limit,
        per_user_limit,
        used_count,
        valid_from_date,
        valid_until_date,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from coupons
