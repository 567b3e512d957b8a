with newest as (
    {{ newest_versions('shipment_events') }}
),

shipment_events as (
    select
        company_id,
        id as shipment_event_id,
        shipment_id,
        status,
        location,
        description,
        occurred_at,
        created_at
    from newest
)

select * from shipment_events
