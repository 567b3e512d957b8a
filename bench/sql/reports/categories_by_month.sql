-- Page Sales cut by category and month, and the totals.
select
    products.category_id,
    any_value(products.category_name) as category_name,
    cast(date_trunc('month', sales.sales_date) as date) as month,
    sum(sales.net_sales_amount) as net_sales_amount,
    sum(sales.units) as units,
    sum(sales.margin_amount) as margin_amount
from srv_product_sales_daily as sales
left join srv_products as products on sales.variant_id = products.variant_id
where sales.sales_date between $first_date and $last_date
group by products.category_id, month
order by month, net_sales_amount desc, products.category_id
limit 1000;
select
    sum(net_sales_amount) as net_sales_amount,
    sum(units) as units,
    sum(margin_amount) as margin_amount
from srv_product_sales_daily
where sales_date between $first_date and $last_date
