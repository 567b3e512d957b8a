-- One row per refund of which something was fed since the last build, or of the payment that it is of.
with payment_refunds as (
    select * from {{ ref('stg_storefront__payment_refunds') }}
),

payments_changed as (
    select * from {{ ref('int_payments_changed') }}
),

changed as (
    select company_id, payment_refund_id
    from payment_refunds
    where pull_number > {{ last_built_pull() }}
    union
    select payment_refunds.company_id, payment_refunds.payment_refund_id
    from payment_refunds
    inner join payments_changed
        on
            payment_refunds.company_id = payments_changed.company_id
            and payment_refunds.payment_id = payments_changed.payment_id
)

select * from changed
