with restock_lines as (
    select * from {{ ref('int_restock_lines_dated') }}
),

order_lines as (
    select * from {{ ref('stg_storefront__restock_order_lines') }}
),

restock_orders as (
    select * from {{ ref('stg_storefront__restock_orders') }}
),

receipt_lines as (
    select * from {{ ref('stg_storefront__receipt_lines') }}
),

receipts as (
    select * from {{ ref('stg_storefront__receipts') }}
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
        receipts.location_id,
        {{ local_date('receipts.received_at', 'companies.timezone') }} as received_date
    from receipts
    inner join companies on receipts.company_id = companies.company_id
),

received as (
    select
        receipt_lines.company_id,
        receipt_lines.receipt_line_id as purchase_receipt_id,
        receipt_lines.restock_order_line_id,
        'received' as state,
        receipts_dated.received_date,
        receipts_dated.location_id,
        receipt_lines.received_units,
        0 as open_units,
        0 as cancelled_units,
        receipt_lines.unit_cost_amount
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

arrived as (
    select company_id, restock_order_line_id, sum(received_units) as received_units
    from receipt_lines
    group by company_id, restock_order_line_id
),

-- What of a line has not come: still awaited, or given up when its order was closed or cancelled.
rests as (
    select
        restock_lines.company_id,
        restock_lines.restock_order_line_id as purchase_receipt_id,
        restock_lines.restock_order_line_id,
        case when restock_lines.open_units > 0 then 'open' else 'cancelled' end as state,
        cast(null as date) as received_date,
        restock_lines.location_id,
        0 as received_units,
        restock_lines.open_units,
        greatest(restock_lines.ordered_units - coalesce(arrived.received_units, 0), 0)
        - restock_lines.open_units as cancelled_units,
        order_lines.unit_cost_amount
    from restock_lines
    inner join order_lines
        on
            restock_lines.company_id = order_lines.company_id
            and restock_lines.restock_order_line_id = order_lines.restock_order_line_id
    left join arrived
        on
            restock_lines.company_id = arrived.company_id
            and restock_lines.restock_order_line_id = arrived.restock_order_line_id
),

all_parts as (
    select * from received
    union all
    select * from rests
    where open_units > 0 or cancelled_units > 0
),

dated as (
    select
        all_parts.company_id,
        all_parts.purchase_receipt_id,
        restock_lines.restock_order_id,
        all_parts.restock_order_line_id,
        restock_lines.restock_number,
        restock_lines.status,
        restock_lines.supplier_id,
        restock_lines.variant_id,
        all_parts.location_id,
        all_parts.state,
        restock_lines.ordered_units,
        all_parts.received_units,
        all_parts.open_units,
        all_parts.cancelled_units,
        restock_lines.sent_date,
        restock_lines.expected_date,
        all_parts.received_date,
        case
            when restock_lines.sent_date <= restock_lines.horizon_date then restock_lines.horizon_date
            else restock_lines.pulled_date
        end as known_date,
        restock_orders.currency,
        all_parts.unit_cost_amount,
        cast(all_parts.unit_cost_amount * restock_orders.exchange_rate as decimal(18, 6))
            as unit_cost_company_amount,
        restock_lines.is_assumed
    from all_parts
    inner join restock_lines
        on
            all_parts.company_id = restock_lines.company_id
            and all_parts.restock_order_line_id = restock_lines.restock_order_line_id
    inner join restock_orders
        on
            restock_lines.company_id = restock_orders.company_id
            and restock_lines.restock_order_id = restock_orders.restock_order_id
),

fct_purchases_receipts as (
    select
        company_id,
        purchase_receipt_id,
        restock_order_id,
        restock_order_line_id,
        restock_number,
        status,
        supplier_id,
        variant_id,
        location_id,
        state,
        ordered_units,
        cast(received_units as integer) as received_units,
        cast(open_units as integer) as open_units,
        cast(cancelled_units as integer) as cancelled_units,
        sent_date,
        expected_date,
        received_date,
        case
            when received_date is not null
                then cast({{ days_between('sent_date', 'received_date') }} as integer)
        end as lead_time_days,
        case
            when state = 'open'
                then greatest(cast({{ days_between('sent_date', 'known_date') }} as integer), 0)
        end as age_days,
        case
            when state = 'received' then received_date > expected_date
            when state = 'open' and sent_date is not null then known_date > expected_date
        end as is_late,
        currency,
        unit_cost_amount,
        unit_cost_company_amount,
        cast(received_units * unit_cost_company_amount as decimal(24, 6)) as received_amount,
        is_assumed
    from dated
)

select * from fct_purchases_receipts
