with pulls as (
    select * from {{ source('raw', 'feed_pull') }}
),

pull as (
    select
        pull_id,
        snapshot_at
    from pulls
)

select * from pull
