{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        on_schema_change='fail',
        meta={
            'changed': 'int_sales_days_changed',
            'replaces': 'target.company_id = changed.company_id and target.variant_id = changed.variant_id'
                ~ ' and target.sales_date = changed.changed_date',
        },
    )
}}

with sold_by_day as (
    select * from {{ ref('int_sold_by_day') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

days_changed as (
    select * from {{ ref('int_sales_days_changed') }}
),

sold as (
    select sold_by_day.*
    from
        sold_by_day
    {%- if is_incremental() %}
    inner join days_changed
        on
            sold_by_day.company_id = days_changed.company_id
            and sold_by_day.variant_id = days_changed.variant_id
            and sold_by_day.sales_date = days_changed.changed_date
    {%- endif %}
),

returned as (
    select
        order_returns.company_id,
        order_returns.shop_id,
        order_returns.variant_id,
        order_returns.product_id,
        order_returns.returned_date as sales_date,
        sum(order_returns.returned_units) as returned_units,
        sum(order_returns.net_refund_amount) as returns_amount,
        sum(order_returns.tax_refund_amount) as returns_tax_amount
    from
        order_returns
    {%- if is_incremental() %}
    inner join days_changed
        on
            order_returns.company_id = days_changed.company_id
            and order_returns.variant_id = days_changed.variant_id
            and order_returns.returned_date = days_changed.changed_date
    {%- endif %}
    group by
        order_returns.company_id,
        order_returns.shop_id,
        order_returns.variant_id,
        order_returns.product_id,
        order_returns.returned_date
),

fct_product_sales_daily as (
    select
        coalesce(sold.company_id, returned.company_id) as company_id,
        coalesce(sold.shop_id, returned.shop_id) as shop_id,
        coalesce(sold.variant_id, returned.variant_id) as variant_id,
        coalesce(sold.product_id, returned.product_id) as product_id,
        coalesce(sold.sales_date, returned.sales_date) as sales_date,
        cast(coalesce(sold.units, 0) as integer) as units,
        cast(coalesce(sold.list_sales_amount, 0) as decimal(18, 2)) as list_sales_amount,
        cast(coalesce(sold.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(sold.net_sales_amount, 0) as decimal(18, 2)) as net_sales_amount,
        cast(coalesce(sold.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(coalesce(returned.returned_units, 0) as integer) as returned_units,
        cast(coalesce(returned.returns_amount, 0) as decimal(18, 2)) as returns_amount,
        cast(coalesce(returned.returns_tax_amount, 0) as decimal(18, 2)) as returns_tax_amount,
        cast(coalesce(sold.costed_net_sales_amount, 0) as decimal(18, 2)) as costed_net_sales_amount,
        cast(coalesce(sold.cost_amount, 0) as decimal(18, 2)) as cost_amount,
        cast(coalesce(sold.costed_net_sales_amount, 0) - coalesce(sold.cost_amount, 0) as decimal(18, 2))
            as margin_amount
    from sold
    full join returned
        on
            sold.company_id = returned.company_id
            and sold.shop_id = returned.shop_id
            and sold.variant_id = returned.variant_id
            and sold.sales_date = returned.sales_date
)

select * from fct_product_sales_daily
