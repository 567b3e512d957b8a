-- The headline figures of pages Overview and Sales: one period.
select
    sum(net_sales_amount) as net_sales_amount,
    sum(orders_count) as orders_count,
    sum(units) as units,
    sum(margin_amount) as margin_amount,
    sum(costed_net_sales_amount) as costed_net_sales_amount,
    sum(discount_amount) as discount_amount,
    sum(returns_amount) as returns_amount
from srv_sales_daily
where sales_date between $first_date and $last_date
