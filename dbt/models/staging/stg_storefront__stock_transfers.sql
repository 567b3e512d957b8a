with newest as (
    {{ newest_versions('stock_transfers') }}
),

stock_transfers as (
    select
        company_id,
        id as stock_transfer_id,
        transfer_number,
        from_location_id,
        to_location_id,
        status,
        expected_date,
        sent_at,
        closed_at,
        created_at
    from newest
)

select * from stock_transfers
