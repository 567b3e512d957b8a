with newest as (
    {{ newest_versions('shipment_lines') }}
),

shipment_lines as (
    select
        company_id,
        id as shipment_line_id,
        shipment_id,
        order_line_id,
        variant_id,
        quantity_units,
        created_at
    from newest
)

select * from shipment_lines
