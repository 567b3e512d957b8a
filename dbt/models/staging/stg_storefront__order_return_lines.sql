with newest as (
    {{ newest_versions('order_return_lines') }}
),

order_return_lines as (
    select
        company_id,
        id as order_return_line_id,
        order_return_id,
        order_line_id,
        variant_id,
        quantity_units,
        unit_price_amount,
        refund_amount,
        net_refund_amount,
        disposition,
        reason,
        created_at,
        pull_number
    from newest
)

select * from order_return_lines
