-- Page Customers: who bought and who came for the first time, by month and in all.
select
    cast(date_trunc('month', order_date) as date) as month,
    count(distinct customer_number) as customers_count,
    count(*) filter (where is_first_order) as new_customers_count,
    sum(net_sales_amount) filter (where customer_number is not null) as customer_net_sales_amount
from srv_orders
where order_date between $first_date and $last_date
group by month
order by month;
select
    count(distinct customer_number) as customers_count,
    count(*) filter (where is_first_order) as new_customers_count,
    sum(net_sales_amount) filter (where customer_number is not null) as customer_net_sales_amount
from srv_orders
where order_date between $first_date and $last_date
