with newest as (
    {{ newest_versions('receipts') }}
),

receipts as (
    select
        company_id,
        id as receipt_id,
        restock_order_id,
        location_id,
        received_at,
        created_at
    from newest
)

select * from receipts
