with newest as (
    {{ newest_versions('order_cancellation_lines') }}
),

order_cancellation_lines as (
    select
        company_id,
        id as order_cancellation_line_id,
        order_cancellation_id,
        order_line_id,
        quantity_units,
        amount,
        created_at
    from newest
)

select * from order_cancellation_lines
