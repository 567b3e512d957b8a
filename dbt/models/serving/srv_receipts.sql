with payments as (
    select * from {{ ref('fct_payments') }}
    where captured_amount <> 0
),

refunds as (
    select * from {{ ref('fct_refunds_returns') }}
    where kind = 'refund' and refund_amount <> 0
),

moved as (
    select
        company_id,
        payment_id as entry_id,
        order_id,
        'capture' as kind,
        paid_date as receipt_date,
        shop_id,
        method_code,
        captured_amount,
        cast(0 as decimal(14, 2)) as refunded_amount
    from payments
    union all
    select
        company_id,
        entry_id,
        order_id,
        'refund' as kind,
        refunded_date as receipt_date,
        shop_id,
        method_code,
        cast(0 as decimal(14, 2)) as captured_amount,
        refund_amount as refunded_amount
    from refunds
),

srv_receipts as (
    select
        company_id,
        kind,
        entry_id,
        order_id,
        receipt_date,
        shop_id,
        coalesce(method_code, 'unknown') as method_code,
        captured_amount,
        refunded_amount
    from moved
)

select * from srv_receipts
