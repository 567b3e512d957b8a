with product_sales as (
    select * from {{ ref('fct_product_sales_daily') }}
),

orders_totalled as (
    select * from {{ ref('int_orders_totalled') }}
    where units > 0
),

orders as (
    select * from {{ ref('int_orders_dated') }}
),

goods as (
    select
        company_id,
        shop_id,
        sales_date,
        sum(units) as units,
        sum(list_sales_amount) as list_sales_amount,
        sum(discount_amount) as discount_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(tax_amount) as tax_amount,
        sum(returned_units) as returned_units,
        sum(returns_amount) as returns_amount,
        sum(returns_tax_amount) as returns_tax_amount,
        sum(costed_net_sales_amount) as costed_net_sales_amount,
        sum(cost_amount) as cost_amount,
        sum(margin_amount) as margin_amount
    from product_sales
    group by company_id, shop_id, sales_date
),

counts as (
    select
        company_id,
        shop_id,
        placed_date as sales_date,
        count(*) as orders_count,
        count(*) filter (where customer_id is null) as guest_orders_count
    from orders_totalled
    group by company_id, shop_id, placed_date
),

shipping as (
    select company_id, shop_id, placed_date as sales_date, sum(shipping_amount) as shipping_amount
    from orders
    where status <> 'cancelled' and shipping_amount <> 0
    group by company_id, shop_id, placed_date
),

days as (
    select company_id, shop_id, sales_date from goods
    union
    select company_id, shop_id, sales_date from shipping
),

fct_sales_daily as (
    select
        days.company_id,
        days.shop_id,
        days.sales_date,
        cast(coalesce(counts.orders_count, 0) as integer) as orders_count,
        cast(coalesce(counts.guest_orders_count, 0) as integer) as guest_orders_count,
        cast(coalesce(goods.units, 0) as integer) as units,
        cast(coalesce(goods.net_sales_amount, 0) + coalesce(goods.tax_amount, 0) as decimal(18, 2))
            as gross_sales_amount,
        cast(coalesce(goods.list_sales_amount, 0) as decimal(18, 2)) as list_sales_amount,
        cast(coalesce(goods.discount_amount, 0) as decimal(18, 2)) as discount_amount,
        cast(coalesce(goods.net_sales_amount, 0) as decimal(18, 2)) as net_sales_amount,
        cast(coalesce(goods.tax_amount, 0) as decimal(18, 2)) as tax_amount,
        cast(coalesce(shipping.shipping_amount, 0) as decimal(18, 2)) as shipping_amount,
        cast(coalesce(goods.returned_units, 0) as integer) as returned_units,
        cast(coalesce(goods.returns_amount, 0) as decimal(18, 2)) as returns_amount,
        cast(coalesce(goods.returns_tax_amount, 0) as decimal(18, 2)) as returns_tax_amount,
        cast(coalesce(goods.costed_net_sales_amount, 0) as decimal(18, 2)) as costed_net_sales_amount,
        cast(coalesce(goods.cost_amount, 0) as decimal(18, 2)) as cost_amount,
        cast(coalesce(goods.margin_amount, 0) as decimal(18, 2)) as margin_amount
    from days
    left join goods
        on
            days.company_id = goods.company_id
            and days.shop_id = goods.shop_id
            and days.sales_date = goods.sales_date
    left join counts
        on
            days.company_id = counts.company_id
            and days.shop_id = counts.shop_id
            and days.sales_date = counts.sales_date
    left join shipping
        on
            days.company_id = shipping.company_id
            and days.shop_id = shipping.shop_id
            and days.sales_date = shipping.sales_date
)

select * from fct_sales_daily
