-- Page Inventory: what was missed most while it was out of stock, and the totals of all.
select
    missed.variant_id,
    any_value(products.sku) as sku,
    any_value(products.product_name) as product_name,
    sum(missed.lost_sales_amount) as lost_sales_amount,
    sum(missed.lost_units) as lost_units,
    sum(missed.out_of_stock_seconds) / 3600.0 as stock_out_hours
from srv_stock_out_days as missed
left join srv_products as products on missed.variant_id = products.variant_id
where missed.stock_date between $first_date and $last_date
group by missed.variant_id
order by lost_sales_amount desc nulls last, missed.variant_id
limit 50;
select
    sum(lost_sales_amount) as lost_sales_amount,
    sum(lost_units) as lost_units,
    sum(out_of_stock_seconds) / 3600.0 as stock_out_hours
from srv_stock_out_days
where stock_date between $first_date and $last_date
