with newest as (
    {{ newest_versions('order_lines') }}
),

order_lines as (
    select
        company_id,
        id as order_line_id,
        order_id,
        variant_id,
        line_number,
        sku,
        quantity_units,
        unit_price_amount,
        unit_cost_amount,
        line_amount,
        discount_amount,
        tax_rate,
        net_amount,
        tax_amount,
        gross_amount,
        backordered_units,
        fulfilled_units,
        cancelled_units,
        returned_units,
        created_at,
        pull_number
    from newest
)

select * from order_lines
