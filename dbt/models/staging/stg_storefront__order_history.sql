with newest as (
    {{ newest_versions('order_history') }}
),

order_history as (
    select
        company_id,
        id as order_history_id,
        order_id,
        from_status,
        to_status,
        occurred_at
    from newest
)

select * from order_history
