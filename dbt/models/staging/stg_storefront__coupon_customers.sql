with newest as (
    {{ newest_versions('coupon_customers', key=['coupon_id', 'customer_id']) }}
),

coupon_customers as (
    select
        company_id,
        coupon_id,
        customer_id
    from newest
)

select * from coupon_customers
