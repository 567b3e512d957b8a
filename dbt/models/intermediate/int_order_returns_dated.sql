{#
    One row per line of a return that happened (received or refunded), on the company's calendar day of the
    return, whenever the goods were sold. A line that names no sale is unmatched: it has no tax to take out.
#}
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

companies as (
    select * from {{ ref('int_companies_dated') }}
),

variants as (
    select * from {{ ref('stg_storefront__variants') }}
),

order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

first_locations as (
    select * from {{ ref('int_shops_first_location') }}
),

return_lines_changed as (
    select * from {{ ref('int_return_lines_changed') }}
),

happened as (
    select
        order_return_lines.company_id,
        order_return_lines.order_return_line_id,
        order_return_lines.order_return_id,
        order_return_lines.order_line_id,
        order_returns.shop_id,
        coalesce(order_lines.location_id, first_locations.location_id) as location_id,
        coalesce(order_returns.customer_id, order_lines.customer_id) as customer_id,
        order_return_lines.variant_id,
        variants.product_id,
        order_returns.returned_at,
        {{ local_date('order_returns.returned_at', 'companies.timezone') }} as returned_date,
        order_return_lines.quantity_units as returned_units,
        order_return_lines.refund_amount,
        order_return_lines.net_refund_amount as credited_net_amount,
        companies.minor_unit_digits,
        order_lines.order_line_id is not null and order_lines.gross_amount > 0 as has_taxed_sale,
        cast(coalesce(order_lines.net_amount, 0) * 100 as bigint) as net_cents,
        cast(coalesce(order_lines.gross_amount, 0) * 100 as bigint) as gross_cents
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
    left join order_lines
        on
            order_return_lines.company_id = order_lines.company_id
            and order_return_lines.order_line_id = order_lines.order_line_id
    left join first_locations
        on
            order_returns.company_id = first_locations.company_id
            and order_returns.shop_id = first_locations.shop_id
    where order_returns.status in ('received', 'refunded')
),

without_tax as (
    select
        *,
        -- The order layer says what it credited; of an imported return the sale's proportion is taken.
        case
            when credited_net_amount is not null then credited_net_amount
            when has_taxed_sale
                then {{ share_of_amount('refund_amount', 'net_cents', 'gross_cents', 'minor_unit_digits') }}
            else refund_amount
        end as net_refund_amount
    from happened
),

dated as (
    select
        company_id,
        order_return_line_id,
        order_return_id,
        order_line_id,
        shop_id,
        location_id,
        customer_id,
        variant_id,
        product_id,
        returned_at,
        returned_date,
        returned_units,
        refund_amount,
        net_refund_amount,
        cast(refund_amount - net_refund_amount as decimal(14, 2)) as tax_refund_amount
    from without_tax
)

select * from dated
