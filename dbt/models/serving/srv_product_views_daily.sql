with views as (
    select * from {{ ref('fct_product_views_daily') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

products as (
    select company_id, product_id, min(category_id) as category_id
    from variants
    group by company_id, product_id
),

srv_product_views_daily as (
    select
        views.company_id,
        views.shop_id,
        views.product_id,
        products.category_id,
        views.viewed_date,
        views.views_count,
        views.customer_views_count,
        views.timed_views_count,
        views.duration_seconds
    from views
    left join products on views.company_id = products.company_id and views.product_id = products.product_id
)

select * from srv_product_views_daily
