-- One row per cart and shop of which it holds something; an empty cart has none. Whose it is stays behind.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_carts_changed',
            'replaces': 'target.company_id = changed.company_id and target.cart_id = changed.cart_id',
        },
    )
}}

with carts as (
    select * from {{ ref('stg_storefront__carts') }}
),

cart_lines as (
    select * from {{ ref('stg_storefront__cart_lines') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

carts_changed as (
    select * from {{ ref('int_carts_changed') }}
),

held as (
    select
        cart_lines.company_id,
        cart_lines.cart_id,
        cart_lines.shop_id,
        count(*) as lines_count,
        sum(cart_lines.quantity_units) as units,
        sum(cart_lines.quantity_units * cart_lines.unit_price_amount) as value_amount
    from
        cart_lines
    {%- if is_incremental() %}
    inner join carts_changed
        on cart_lines.company_id = carts_changed.company_id and cart_lines.cart_id = carts_changed.cart_id
    {%- endif %}
    group by cart_lines.company_id, cart_lines.cart_id, cart_lines.shop_id
),

valued as (
    select
        carts.company_id,
        carts.cart_id,
        held.shop_id,
        carts.is_guest,
        carts.status,
        {{ local_date('carts.created_at', 'companies.timezone') }} as created_date,
        {{ local_date('carts.abandoned_at', 'companies.timezone') }} as abandoned_date,
        {{ local_date('carts.converted_at', 'companies.timezone') }} as converted_date,
        -- From the first touch to the last, or to the order.
        cast(
            cast(
                {{ rounded_quotient(
                    seconds_between('carts.created_at', 'coalesce(carts.converted_at, carts.last_activity_at)'),
                    100, 3600
                ) }} as decimal(12, 0)
            ) * 0.01 as decimal(12, 2)
        ) as active_hours,
        cast({{ dbt.datediff('carts.last_activity_at', 'carts.expires_at', 'day') }} as integer) as kept_days,
        cast(held.lines_count as integer) as lines_count,
        cast(held.units as integer) as units,
        {{ round_amount('held.value_amount', 'companies.minor_unit_digits') }} as value_amount
    from carts
    inner join companies on carts.company_id = companies.company_id
    inner join held on carts.company_id = held.company_id and carts.cart_id = held.cart_id
)

select * from valued
