with newest as (
    {{ newest_versions('restock_order_lines') }}
),

restock_order_lines as (
    select
        company_id,
        id as restock_order_line_id,
        restock_order_id,
        variant_id,
        line_number,
        ordered_units,
        received_units,
        unit_cost_amount,
        line_amount,
        proposal_id,
        created_at,
        pull_number
    from newest
)

select * from restock_order_lines
