with newest as (
    {{ newest_versions('review_reports', key=['review_id', 'customer_id']) }}
),

review_reports as (
    select
        company_id,
        review_id,
        customer_id,
        reason,
        created_at
    from newest
)

select * from review_reports
