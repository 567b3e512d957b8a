with newest as (
    {{ newest_versions('product_category_history') }}
),

product_category_history as (
    select
        company_id,
        id as product_category_history_id,
        product_id,
        category_id,
        valid_from as valid_from_at,
        is_assumed,
        reason,
        created_at
    from newest
)

select * from product_category_history
