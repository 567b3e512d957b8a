-- Times that products were looked at, by the registry's words.
with recursive wanted as (
    select id from categories where company_id = %(company)s and id = any(%(categories)s::uuid[])
    union
    select child.id from categories as child
    inner join wanted on child.parent_id = wanted.id
    where child.company_id = %(company)s
),
seen as (
    select product_views.*, (viewed_at at time zone %(zone)s)::date as local_date
    from product_views where company_id = %(company)s
)
select
    case when %(by)s <> 'all' then date_trunc(%(by)s, local_date)::date end as bucket,
    count(*) as product_views_count
from seen
inner join products on products.company_id = seen.company_id and products.id = seen.product_id
where local_date between %(first)s and %(last)s
and (%(shops)s::uuid[] is null or seen.shop_id = any(%(shops)s::uuid[]))
and (%(categories)s::uuid[] is null or products.category_id in (select wanted.id from wanted))
group by 1 order by 1
