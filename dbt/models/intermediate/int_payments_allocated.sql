-- One row per payment and order that it pays for, with the payment's attempts and days.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_payments_changed',
            'replaces': 'target.company_id = changed.company_id and target.payment_id = changed.payment_id',
        },
    )
}}

with allocations as (
    select * from {{ ref('stg_storefront__payment_allocations') }}
),

payments as (
    select * from {{ ref('stg_storefront__payments') }}
),

history as (
    select * from {{ ref('stg_storefront__payment_history') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

payments_changed as (
    select * from {{ ref('int_payments_changed') }}
),

-- A refund that failed is no failed attempt to pay.
failures as (
    select
        history.company_id,
        history.payment_id,
        count(*) as failed_attempts_count
    from
        history
    {%- if is_incremental() %}
    inner join payments_changed
        on
            history.company_id = payments_changed.company_id
            and history.payment_id = payments_changed.payment_id
    {%- endif %}
    where history.to_status = 'failed' and history.payment_refund_id is null
    group by history.company_id, history.payment_id
),

allocated as (
    select
        allocations.company_id,
        allocations.payment_id,
        allocations.order_id,
        allocations.shop_id,
        payments.customer_id,
        payments.payment_method_id,
        payments.provider,
        payments.status,
        payments.payment_status,
        payments.failure_code,
        payments.attempts as attempts_count,
        cast(coalesce(failures.failed_attempts_count, 0) as integer) as failed_attempts_count,
        row_number() over (
            partition by allocations.company_id, allocations.payment_id
            order by allocations.order_id
        ) = 1 as is_first_order_of_payment,
        payments.amount as payment_amount,
        payments.captured_amount as payment_captured_amount,
        allocations.amount as allocated_amount,
        allocations.captured_amount,
        allocations.refunded_amount,
        {{ local_date('payments.created_at', 'companies.timezone') }} as created_date,
        {{ local_date('payments.paid_at', 'companies.timezone') }} as paid_date,
        {{ local_date('payments.failed_at', 'companies.timezone') }} as failed_date
    from allocations
    inner join payments
        on allocations.company_id = payments.company_id and allocations.payment_id = payments.payment_id
    inner join companies on allocations.company_id = companies.company_id
    {%- if is_incremental() %}
        inner join payments_changed
            on
                allocations.company_id = payments_changed.company_id
                and allocations.payment_id = payments_changed.payment_id
    {%- endif %}
    left join failures
        on payments.company_id = failures.company_id and payments.payment_id = failures.payment_id
)

select * from allocated
