-- Money taken and paid back, each on its own day, by the registry's words.
with moved as (
    select
        (payments.paid_at at time zone %(zone)s)::date as local_date, part.shop_id,
        part.captured_amount as taken, 0 as paid_back
    from payment_allocations as part
    inner join payments on payments.company_id = part.company_id and payments.id = part.payment_id
    where part.company_id = %(company)s and part.captured_amount > 0
    union all
    select (refund.processed_at at time zone %(zone)s)::date, orders.shop_id, 0, refund.amount
    from payment_refunds as refund
    inner join orders on orders.company_id = refund.company_id and orders.id = refund.order_id
    where refund.company_id = %(company)s and refund.status = 'succeeded'
)
select
    case when %(by)s <> 'all' then date_trunc(%(by)s, local_date)::date end as bucket,
    sum(taken) as captured_amount, sum(paid_back) as refunded_amount,
    sum(taken - paid_back) as net_receipts_amount
from moved
where local_date between %(first)s and %(last)s
and (%(shops)s::uuid[] is null or shop_id = any(%(shops)s::uuid[]))
group by 1 order by 1
