{#
    One row per variant and coupon that anybody could use for it: the days on which it was valid, in the
    company's time zone. A coupon without products and categories is for all of them; coupons for named or new
    customers only are no promotion, and of a switched-off one nobody knows until when it was on.
#}
with coupons as (
    select * from {{ ref('stg_storefront__coupons') }}
    where is_active and not is_for_new_users_only
),

coupon_products as (
    select * from {{ ref('stg_storefront__coupon_products') }}
),

coupon_categories as (
    select * from {{ ref('stg_storefront__coupon_categories') }}
),

coupon_customers as (
    select distinct company_id, coupon_id from {{ ref('stg_storefront__coupon_customers') }}
),

category_ancestors as (
    select * from {{ ref('int_category_ancestors') }}
),

products as (
    select * from {{ ref('stg_storefront__products') }}
),

variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

restricted as (
    select company_id, coupon_id from coupon_products
    union
    select company_id, coupon_id from coupon_categories
),

open_to_all as (
    select
        coupons.company_id,
        coupons.coupon_id,
        coalesce(
            coupons.valid_from_date, {{ local_date('coupons.created_at', 'companies.timezone') }}
        ) as first_date,
        least(
            coalesce(coupons.valid_until_date, date '9999-12-30'),
            coalesce({{ local_date('coupons.archived_at', 'companies.timezone') }}, date '9999-12-30')
        ) as last_date,
        restricted.coupon_id is null as is_for_everything
    from coupons
    inner join companies on coupons.company_id = companies.company_id
    left join restricted
        on coupons.company_id = restricted.company_id and coupons.coupon_id = restricted.coupon_id
    left join coupon_customers
        on coupons.company_id = coupon_customers.company_id and coupons.coupon_id = coupon_customers.coupon_id
    where coupon_customers.coupon_id is null
),

coupons_of_products as (
    select open_to_all.company_id, open_to_all.coupon_id, products.product_id
    from open_to_all
    inner join products on open_to_all.company_id = products.company_id
    where open_to_all.is_for_everything
    union
    select company_id, coupon_id, product_id from coupon_products
    union
    select coupon_categories.company_id, coupon_categories.coupon_id, products.product_id
    from coupon_categories
    inner join category_ancestors
        on
            coupon_categories.company_id = category_ancestors.company_id
            and coupon_categories.category_id = category_ancestors.ancestor_category_id
    inner join products
        on
            category_ancestors.company_id = products.company_id
            and category_ancestors.category_id = products.category_id
),

coupon_days as (
    select
        variants.company_id,
        variants.variant_id,
        open_to_all.coupon_id,
        open_to_all.first_date,
        open_to_all.last_date
    from coupons_of_products
    inner join open_to_all
        on
            coupons_of_products.company_id = open_to_all.company_id
            and coupons_of_products.coupon_id = open_to_all.coupon_id
    inner join variants
        on
            coupons_of_products.company_id = variants.company_id
            and coupons_of_products.product_id = variants.product_id
    where open_to_all.first_date <= open_to_all.last_date
)

select * from coupon_days
