with receipt_lines as (
    select * from {{ ref('stg_storefront__receipt_lines') }}
),

receipts as (
    select * from {{ ref('stg_storefront__receipts') }}
),

restock_lines as (
    select * from {{ ref('int_restock_lines_dated') }}
    where sent_date is not null
),

-- A receipt has many lines: to convert its instant once takes a hundredth of the time.
companies as (
    select distinct company_id, timezone
    from restock_lines
),

receipts_dated as (
    select
        receipts.company_id,
        receipts.receipt_id,
        {{ local_date('receipts.received_at', 'companies.timezone') }} as received_date
    from receipts
    inner join companies on receipts.company_id = companies.company_id
),

received as (
    select
        restock_lines.*,
        receipt_lines.receipt_line_id as lead_time_id,
        receipts_dated.received_date,
        receipt_lines.received_units as units,
        false as is_open
    from receipt_lines
    inner join receipts_dated
        on
            receipt_lines.company_id = receipts_dated.company_id
            and receipt_lines.receipt_id = receipts_dated.receipt_id
    inner join restock_lines
        on
            receipt_lines.company_id = restock_lines.company_id
            and receipt_lines.restock_order_line_id = restock_lines.restock_order_line_id
),

still_open as (
    select
        restock_lines.*,
        restock_lines.restock_order_line_id as lead_time_id,
        cast(null as date) as received_date,
        restock_lines.open_units as units,
        true as is_open
    from restock_lines
    where restock_lines.status in ('sent', 'partly_received') and restock_lines.open_units > 0
),

received_and_open as (
    select * from received
    union all
    select * from still_open
),

-- An open line is as old as the horizon says; one that was sent after it, as old as the pull says.
with_end as (
    select
        *,
        coalesce(
            received_date,
            case when sent_date <= horizon_date then horizon_date else greatest(sent_date, pulled_date) end
        ) as end_date
    from received_and_open
),

fct_supplier_lead_times as (
    select
        company_id,
        lead_time_id,
        supplier_id,
        variant_id,
        location_id,
        restock_order_id,
        restock_order_line_id,
        sent_date,
        received_date,
        units,
        cast({{ days_between('sent_date', 'end_date') }} as integer) as lead_time_days,
        cast({{ working_days_after('sent_date', 'end_date', 'working_weekdays') }} as integer)
            as lead_time_working_days,
        is_open,
        is_assumed
    from with_end
)

select * from fct_supplier_lead_times
