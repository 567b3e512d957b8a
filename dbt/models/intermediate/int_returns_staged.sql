-- One row per line of a return, whatever its stage, with the days of the stages in the company's time zone.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_return_lines_changed',
            'replaces': 'target.company_id = changed.company_id'
                ~ ' and target.order_return_line_id = changed.order_return_line_id',
        },
    )
}}

with order_return_lines as (
    select * from {{ ref('stg_storefront__order_return_lines') }}
),

order_returns as (
    select * from {{ ref('stg_storefront__order_returns') }}
),

-- Those whose goods came back, with their value without tax.
happened as (
    select * from {{ ref('int_order_returns_dated') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

return_lines_changed as (
    select * from {{ ref('int_return_lines_changed') }}
),

staged as (
    select
        order_return_lines.company_id,
        order_return_lines.order_return_line_id,
        order_return_lines.order_return_id,
        order_returns.order_id,
        order_return_lines.order_line_id,
        order_returns.payment_refund_id,
        order_returns.shop_id,
        coalesce(happened.customer_id, order_returns.customer_id) as customer_id,
        order_return_lines.variant_id,
        variants.product_id,
        order_returns.status as stage,
        {{ reason_kind('coalesce(order_return_lines.reason, order_returns.reason)') }} as reason_kind,
        order_return_lines.disposition,
        {{
            local_date('coalesce(order_returns.requested_at, order_returns.returned_at)', 'companies.timezone')
        }} as requested_date,
        {{ local_date('order_returns.decided_at', 'companies.timezone') }} as decided_date,
        happened.returned_date,
        {{ local_date('order_returns.refunded_at', 'companies.timezone') }} as refunded_date,
        order_return_lines.quantity_units as units,
        order_return_lines.refund_amount as goods_amount,
        happened.net_refund_amount as net_goods_amount
    from
        order_return_lines
    {%- if is_incremental() %}
    inner join return_lines_changed
        on
            order_return_lines.company_id = return_lines_changed.company_id
            and order_return_lines.order_return_line_id = return_lines_changed.order_return_line_id
    {%- endif %}
    inner join order_returns
        on
            order_return_lines.company_id = order_returns.company_id
            and order_return_lines.order_return_id = order_returns.order_return_id
    inner join companies on order_return_lines.company_id = companies.company_id
    inner join variants
        on
            order_return_lines.company_id = variants.company_id
            and order_return_lines.variant_id = variants.variant_id
    left join happened
        on
            order_return_lines.company_id = happened.company_id
            and order_return_lines.order_return_line_id = happened.order_return_line_id
)

select * from staged
