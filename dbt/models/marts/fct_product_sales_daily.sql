with sold as (
    select * from {{ ref('int_sold_by_day') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

returned as (
    select
        company_id,
        shop_id,
        variant_id,
        product_id,
        returned_date as sales_date,
        sum(returned_units) as returned_units,
        sum(net_refund_amount) as returns_amount,
        sum(tax_refund_amount) as returns_tax_amount
    from order_returns
    group by company_id, shop_id, variant_id, product_id, returned_date
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
