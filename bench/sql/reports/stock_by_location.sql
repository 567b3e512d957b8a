-- Page Inventory: value on the last day and on average, and what was shipped, by location and in all.
with held as (
    select
        location_id,
        sum(case when span_date + days_count > $last_date then closing_units * unit_cost_amount end)
            as stock_value_amount,
        sum(
            closing_units * unit_cost_amount
            * (least(span_date + days_count - 1, $last_date) - greatest(span_date, $first_date) + 1)
        ) / ($last_date - $first_date + 1) as average_stock_amount
    from srv_stock_spans
    where span_date <= $last_date and span_date + days_count > $first_date
    group by grouping sets ((location_id), ())
),
shipped as (
    select location_id, sum((sold_units - returned_units) * unit_cost_amount) as stock_cost_of_sales_amount
    from srv_stock_spans
    where span_date between $first_date and $last_date
    group by grouping sets ((location_id), ())
)
select
    held.location_id,
    held.stock_value_amount,
    held.average_stock_amount,
    shipped.stock_cost_of_sales_amount
from held
left join shipped on held.location_id is not distinct from shipped.location_id
order by held.stock_value_amount desc
