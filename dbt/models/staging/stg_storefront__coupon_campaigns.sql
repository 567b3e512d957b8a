with newest as (
    {{ newest_versions('coupon_campaigns') }}
),

coupon_campaigns as (
    select
        company_id,
        id as coupon_campaign_id,
        shop_id,
        name,
        total_limit,
        per_user_limit,
        used_count,
        archived_at,
        created_at
    from newest
)

select * from coupon_campaigns
