with order_lines as (
    select * from {{ ref('int_order_lines_sold') }}
),

order_returns as (
    select * from {{ ref('int_order_returns_dated') }}
),

sales as (
    select
        company_id,
        shop_id,
        variant_id,
        product_id,
        placed_date as sales_date,
        sum(sold_units) as units,
        sum(sold_discount_amount) as discount_amount,
        sum(sold_net_amount) as net_sales_amount,
        sum(sold_tax_amount) as tax_amount,
        0 as returned_units,
        0 as returns_amount,
        0 as returns_tax_amount,
        coalesce(sum(sold_net_amount) filter (where cost_amount is not null), 0) as costed_net_sales_amount,
        coalesce(sum(cost_amount), 0) as cost_amount
    from order_lines
    where sold_units > 0
    group by company_id, shop_id, variant_id, product_id, placed_date
),

returned as (
    select
        company_id,
        shop_id,
        variant_id,
        product_id,
        returned_date as sales_date,
        0 as units,
        0 as discount_amount,
        0 as net_sales_amount,
        0 as tax_amount,
        sum(returned_units) as returned_units,
        sum(net_refund_amount) as returns_amount,
        sum(tax_refund_amount) as returns_tax_amount,
        0 as costed_net_sales_amount,
        0 as cost_amount
    from order_returns
    group by company_id, shop_id, variant_id, product_id, returned_date
),

sales_and_returns as (
    select * from sales
    union all
    select * from returned
),

fct_product_sales_daily as (
    select
        company_id,
        shop_id,
        variant_id,
        product_id,
        sales_date,
        cast(sum(units) as integer) as units,
        cast(sum(discount_amount) as decimal(18, 2)) as discount_amount,
        cast(sum(net_sales_amount) as decimal(18, 2)) as net_sales_amount,
        cast(sum(tax_amount) as decimal(18, 2)) as tax_amount,
        cast(sum(returned_units) as integer) as returned_units,
        cast(sum(returns_amount) as decimal(18, 2)) as returns_amount,
        cast(sum(returns_tax_amount) as decimal(18, 2)) as returns_tax_amount,
        cast(sum(costed_net_sales_amount) as decimal(18, 2)) as costed_net_sales_amount,
        cast(sum(cost_amount) as decimal(18, 2)) as cost_amount,
        cast(sum(costed_net_sales_amount) - sum(cost_amount) as decimal(18, 2)) as margin_amount
    from sales_and_returns
    group by company_id, shop_id, variant_id, product_id, sales_date
)

select * from fct_product_sales_daily
