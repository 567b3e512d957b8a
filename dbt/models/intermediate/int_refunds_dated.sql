-- One row per refund of money, whatever became of it, on the company's calendar days.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_refunds_changed',
            'replaces': 'target.company_id = changed.company_id'
                ~ ' and target.payment_refund_id = changed.payment_refund_id',
        },
    )
}}

with payment_refunds as (
    select * from {{ ref('stg_storefront__payment_refunds') }}
),

payments as (
    select * from {{ ref('int_payments_allocated') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

refunds_changed as (
    select * from {{ ref('int_refunds_changed') }}
),

dated as (
    select
        payment_refunds.company_id,
        payment_refunds.payment_refund_id,
        payment_refunds.payment_id,
        payment_refunds.order_id,
        payments.shop_id,
        payments.customer_id,
        payments.payment_method_id,
        payment_refunds.status as stage,
        {{ reason_kind('payment_refunds.reason') }} as reason_kind,
        payment_refunds.amount as asked_amount,
        case when payment_refunds.status = 'succeeded' then payment_refunds.amount else 0 end
            as refund_amount,
        {{ local_date('payment_refunds.created_at', 'companies.timezone') }} as requested_date,
        case
            when payment_refunds.status = 'succeeded'
                then
                    {{ local_date(
                        'coalesce(payment_refunds.processed_at, payment_refunds.created_at)', 'companies.timezone'
                    ) }}
        end as refunded_date
    from
        payment_refunds
    {%- if is_incremental() %}
    inner join refunds_changed
        on
            payment_refunds.company_id = refunds_changed.company_id
            and payment_refunds.payment_refund_id = refunds_changed.payment_refund_id
    {%- endif %}
    inner join companies on payment_refunds.company_id = companies.company_id
    inner join payments
        on
            payment_refunds.company_id = payments.company_id
            and payment_refunds.payment_id = payments.payment_id
            and payment_refunds.order_id = payments.order_id
)

select * from dated
