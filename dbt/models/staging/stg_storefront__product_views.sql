with newest as (
    {{ newest_versions('product_views') }}
),

product_views as (
    select
        company_id,
        id as product_view_id,
        product_id,
        shop_id,
        customer_id,
        session_key,
        viewed_at,
        duration_seconds,
        source,
        created_at,
        pull_number
    from newest
)

select * from product_views
