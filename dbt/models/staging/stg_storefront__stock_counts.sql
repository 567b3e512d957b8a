with newest as (
    {{ newest_versions('stock_counts') }}
),

stock_counts as (
    select
        company_id,
        id as stock_count_id,
        count_number,
        location_id,
        status,
        is_blind,
        closed_at,
        created_at
    from newest
)

select * from stock_counts
