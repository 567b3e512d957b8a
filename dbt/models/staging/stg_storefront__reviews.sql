with newest as (
    {{ newest_versions('reviews') }}
),

reviews as (
    select
        company_id,
        id as review_id,
        product_id,
        customer_id,
        order_id,
        rating,
        is_verified_purchase,
        status,
        helpful_count,
        report_count,
        moderated_at,
        replied_at,
        archived_at,
        created_at,
        updated_at
    from newest
)

select * from reviews
