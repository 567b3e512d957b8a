-- The course of sales by day on page Sales, with its totals (the row without a day).
select
    sales_date as day,
    sum(net_sales_amount) as net_sales_amount,
    sum(units) as units,
    sum(margin_amount) as margin_amount
from srv_sales_daily
where sales_date between $first_date and $last_date
group by grouping sets ((sales_date), ())
order by day nulls last
