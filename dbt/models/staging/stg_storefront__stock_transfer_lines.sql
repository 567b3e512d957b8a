with newest as (
    {{ newest_versions('stock_transfer_lines') }}
),

stock_transfer_lines as (
    select
        company_id,
        id as stock_transfer_line_id,
        transfer_id as stock_transfer_id,
        variant_id,
        line_number,
        units,
        received_units,
        lost_units,
        created_at
    from newest
)

select * from stock_transfer_lines
