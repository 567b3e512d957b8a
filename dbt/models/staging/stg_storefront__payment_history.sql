with newest as (
    {{ newest_versions('payment_history') }}
),

payment_history as (
    select
        company_id,
        id as payment_history_entry_id,
        payment_id,
        refund_id as payment_refund_id,
        from_status,
        to_status,
        changed_by,
        occurred_at,
        pull_number
    from newest
)

select * from payment_history
