with newest as (
    {{ newest_versions('review_votes', key=['review_id', 'customer_id']) }}
),

review_votes as (
    select
        company_id,
        review_id,
        customer_id,
        created_at
    from newest
)

select * from review_votes
