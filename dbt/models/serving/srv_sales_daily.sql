with sales as (
    select * from {{ ref('fct_sales_daily') }}
),

shops as (
    select * from {{ ref('dim_shop') }}
),

srv_sales_daily as (
    select
        sales.*,
        shops.name as shop_name
    from sales
    inner join shops on sales.company_id = shops.company_id and sales.shop_id = shops.shop_id
)

select * from srv_sales_daily
