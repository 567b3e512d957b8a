-- Customers, new and returning ones, and those who came again, by the registry's words.
with kept as (
    select
        orders.id, orders.customer_id, orders.shop_id,
        (orders.placed_at at time zone %(zone)s)::date as local_date,
        -- First ever with the company, in whichever shop.
        row_number() over (partition by orders.customer_id order by orders.placed_at, orders.id) = 1 as is_first
    from orders
    where orders.company_id = %(company)s and orders.customer_id is not null
    and exists (
        select 1 from order_lines as line
        where line.company_id = orders.company_id and line.order_id = orders.id
        and line.quantity_units > line.cancelled_units
    )
),
counted as (
    select
        case when %(by)s <> 'all' then date_trunc(%(by)s, local_date)::date end as bucket,
        count(distinct customer_id) as customers_count,
        count(distinct customer_id) filter (where is_first) as new_customers_count,
        count(distinct customer_id) filter (where not is_first) as repeat_customers_count
    from kept
    where local_date between %(first)s and %(last)s
    and (%(shops)s::uuid[] is null or shop_id = any(%(shops)s::uuid[]))
    group by 1
)
select
    *, customers_count - new_customers_count as returning_customers_count,
    repeat_customers_count::numeric / customers_count as repeat_rate_ratio
from counted order by 1
