with newest as (
    {{ newest_versions('coupon_products', key=['coupon_id', 'product_id']) }}
),

coupon_products as (
    select
        company_id,
        coupon_id,
        product_id
    from newest
)

select * from coupon_products
