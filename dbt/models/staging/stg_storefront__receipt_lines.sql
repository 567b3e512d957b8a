with newest as (
    {{ newest_versions('receipt_lines') }}
),

receipt_lines as (
    select
        company_id,
        id as receipt_line_id,
        receipt_id,
        restock_order_line_id,
        variant_id,
        received_units,
        unit_cost_amount,
        created_at,
        pull_number
    from newest
)

select * from receipt_lines
