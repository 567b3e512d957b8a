with lines as (
    select * from {{ ref('stg_storefront__stock_transfer_lines') }}
),

transfers as (
    select * from {{ ref('stg_storefront__stock_transfers') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

fct_open_transfer_lines as (
    select
        lines.company_id,
        lines.stock_transfer_line_id,
        lines.stock_transfer_id,
        transfers.transfer_number,
        lines.variant_id,
        transfers.to_location_id as location_id,
        lines.units - lines.received_units - lines.lost_units as open_units,
        {{ local_date('transfers.sent_at', 'companies.timezone') }} as sent_date,
        transfers.expected_date
    from lines
    inner join transfers
        on lines.company_id = transfers.company_id and lines.stock_transfer_id = transfers.stock_transfer_id
    inner join companies on lines.company_id = companies.company_id
    where
        transfers.status in ('sent', 'partly_received')
        and lines.units > lines.received_units + lines.lost_units
)

select * from fct_open_transfer_lines
