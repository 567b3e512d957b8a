with newest as (
    {{ newest_versions('shipments') }}
),

shipments as (
    select
        company_id,
        id as shipment_id,
        order_id,
        location_id,
        shipment_number,
        status,
        carrier,
        tracking_number,
        tracking_url,
        estimated_delivery_at,
        shipped_at,
        delivered_at,
        created_at
    from newest
)

select * from shipments
