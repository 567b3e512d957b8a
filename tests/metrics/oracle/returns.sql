-- What came back, on the day it came back, by the registry's words.
with recursive wanted as (
    select id from categories where company_id = %(company)s and id = any(%(categories)s::uuid[])
    union
    select child.id from categories as child
    inner join wanted on child.parent_id = wanted.id
    where child.company_id = %(company)s
),
came_back as (
    select
        returns.id, (returns.returned_at at time zone %(zone)s)::date as local_date
    from order_returns as returns
    where returns.company_id = %(company)s and returns.status in ('received', 'refunded')
    and (%(shops)s::uuid[] is null or returns.shop_id = any(%(shops)s::uuid[]))
)
select
    case when %(by)s <> 'all' then date_trunc(%(by)s, local_date)::date end as bucket,
    sum(line.quantity_units) as returned_units,
    sum(coalesce(
        line.net_refund_amount,
        -- Without tax where the sale is known.
        round(line.refund_amount * sale.net_amount / nullif(sale.gross_amount, 0), 2),
        line.refund_amount
    )) as returns_amount
from came_back
inner join order_return_lines as line on line.company_id = %(company)s and line.order_return_id = came_back.id
inner join variants on variants.company_id = %(company)s and variants.id = line.variant_id
inner join products on products.company_id = %(company)s and products.id = variants.product_id
left join order_lines as sale on sale.company_id = %(company)s and sale.id = line.order_line_id
where local_date between %(first)s and %(last)s
and (%(categories)s::uuid[] is null or products.category_id in (select wanted.id from wanted))
group by 1 order by 1
