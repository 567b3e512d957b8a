with receipts as (
    select * from {{ ref('fct_purchases_receipts') }}
),

srv_purchase_receipts as (
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
        received_units,
        open_units,
        cancelled_units,
        sent_date,
        expected_date,
        received_date,
        lead_time_days,
        age_days,
        is_late,
        received_amount,
        is_assumed
    from receipts
)

select * from srv_purchase_receipts
