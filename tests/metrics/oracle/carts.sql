-- Carts that were ordered or left, by the registry's words.
with life as (
    -- How many days an unbought cart lives after its last touch; the shortest counts.
    select min(extract(day from expires_at - last_activity_at)::integer) as days
    from carts where company_id = %(company)s and status <> 'converted'
),
begun as (
    select carts.id, carts.status, (carts.created_at at time zone %(zone)s)::date as local_date
    from carts
    where carts.company_id = %(company)s and carts.status <> 'merged'
    and exists (
        select 1 from cart_lines as line
        where line.company_id = carts.company_id and line.cart_id = carts.id
        and (%(shops)s::uuid[] is null or line.shop_id = any(%(shops)s::uuid[]))
    )
)
select
    case when %(by)s <> 'all' then date_trunc(%(by)s, local_date)::date end as bucket,
    count(*) as carts_count,
    count(*) filter (where status = 'abandoned') as abandoned_carts_count,
    (count(*) filter (where status = 'abandoned'))::numeric
    / nullif(count(*) filter (where status in ('abandoned', 'converted')), 0) as cart_abandonment_ratio
from begun
where local_date between %(first)s and %(last)s 
-- Of older days the unbought ones were deleted.
and local_date > coalesce(
    (%(horizon)s::timestamptz at time zone %(zone)s)::date - (select life.days from life), '-infinity'
)
group by 1 order by 1
