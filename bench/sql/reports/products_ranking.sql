-- Page Products: the best sellers with their names, and the totals of all.
select
    product_id,
    any_value(product_name) as product_name,
    sum(net_sales_amount) as net_sales_amount,
    sum(units) as units,
    sum(margin_amount) as margin_amount,
    sum(returns_amount) as returns_amount
from srv_product_sales_daily
where sales_date between $first_date and $last_date
group by product_id
order by net_sales_amount desc, product_id
limit 50;
select
    sum(net_sales_amount) as net_sales_amount,
    sum(units) as units,
    sum(margin_amount) as margin_amount,
    sum(returns_amount) as returns_amount
from srv_product_sales_daily
where sales_date between $first_date and $last_date
