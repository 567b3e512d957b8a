with newest as (
    {{ newest_versions('coupon_categories', key=['coupon_id', 'category_id']) }}
),

coupon_categories as (
    select
        company_id,
        coupon_id,
        category_id
    from newest
)

select * from coupon_categories
