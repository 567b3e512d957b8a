with newest as (
    {{ newest_versions('events') }}
),

events as (
    select
        company_id,
        id as event_id,
        sequence,
        type,
        aggregate_type,
        aggregate_id,
        occurred_at
    from newest
)

select * from events
