-- Net, gross and list sales, discounts, tax, shipping, orders, guests, units and margin, by the registry's words.
with recursive wanted as (
    select id from categories where company_id = %(company)s and id = any(%(categories)s::uuid[])
    union
    select child.id from categories as child
    inner join wanted on child.parent_id = wanted.id
    where child.company_id = %(company)s
),
placed as (
    select
        orders.id, orders.customer_id, orders.shipping_amount,
        (orders.placed_at at time zone %(zone)s)::date as local_date
    from orders
    where orders.company_id = %(company)s
    and (%(shops)s::uuid[] is null or orders.shop_id = any(%(shops)s::uuid[]))
    -- Not cancelled as a whole.
    and exists (
        select 1 from order_lines as line
        where line.company_id = orders.company_id and line.order_id = orders.id
        and line.quantity_units > line.cancelled_units
    )
),
asked as (
    select *, case when %(by)s <> 'all' then date_trunc(%(by)s, local_date)::date end as bucket
    from placed where local_date between %(first)s and %(last)s
),
goods as (
    select
        asked.bucket, line.unit_cost_amount,
        line.quantity_units - line.cancelled_units as kept_units,
        -- What the share of the cancelled units left over.
        line.net_amount - round(line.net_amount * line.cancelled_units / line.quantity_units, 2) as net,
        -- What customers were charged.
        line.gross_amount - round(line.gross_amount * line.cancelled_units / line.quantity_units, 2) as gross,
        line.line_amount - round(line.line_amount * line.cancelled_units / line.quantity_units, 2) as list,
        -- The price after discount; what the discount took off is between it and the list price.
        line.line_amount - line.discount_amount
        - round((line.line_amount - line.discount_amount) * line.cancelled_units / line.quantity_units, 2)
            as discounted,
        round(line.unit_cost_amount * (line.quantity_units - line.cancelled_units), 2) as cost
    from asked
    inner join order_lines as line on line.company_id = %(company)s and line.order_id = asked.id
    inner join variants on variants.company_id = %(company)s and variants.id = line.variant_id
    inner join products on products.company_id = %(company)s and products.id = variants.product_id
    where %(categories)s::uuid[] is null or products.category_id in (select wanted.id from wanted)
),
sold as (
    select
        bucket, sum(net) as net_sales_amount, sum(gross) as gross_sales_amount,
        sum(list) as list_sales_amount, sum(list - discounted) as discount_amount, sum(gross - net) as tax_amount,
        sum(kept_units) as units, coalesce(sum(cost), 0) as cost_amount,
        coalesce(sum(net) filter (where unit_cost_amount is not null), 0) as costed_net_sales_amount,
        coalesce(sum(net - cost), 0) as margin_amount
    from goods group by bucket
),
counted as (
    select
        bucket, sum(shipping_amount) as shipping_amount, count(*) as orders_count,
        count(*) filter (where customer_id is null) as guest_orders_count
    from asked group by bucket
)
select
    sold.*,
    sold.margin_amount / nullif(sold.costed_net_sales_amount, 0) as margin_ratio,
    counted.shipping_amount, counted.orders_count, counted.guest_orders_count,
    round(sold.net_sales_amount / counted.orders_count, 2) as average_order_value_amount
from sold inner join counted on counted.bucket is not distinct from sold.bucket
order by 1
