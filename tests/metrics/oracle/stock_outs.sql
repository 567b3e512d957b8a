-- Hours without stock, by the registry's words.
with recursive wanted as (
    select id from categories where company_id = %(company)s and id = any(%(categories)s::uuid[])
    union
    select child.id from categories as child
    inner join wanted on child.parent_id = wanted.id
    where child.company_id = %(company)s
),
sold as (
    select variant_id, min(occurred_at) as first_at, max(occurred_at) as last_at
    from stock_ledger where company_id = %(company)s and reason = 'sale' group by variant_id
),
levels as (
    select
        ledger.location_id, ledger.variant_id, ledger.occurred_at as from_at,
        sum(ledger.delta_units) over (
            partition by ledger.location_id, ledger.variant_id order by ledger.occurred_at
            range unbounded preceding
        ) as on_hand_units,
        lead(ledger.occurred_at) over (
            partition by ledger.location_id, ledger.variant_id order by ledger.occurred_at, ledger.id
        ) as until_at
    from stock_ledger as ledger
    inner join locations on locations.company_id = ledger.company_id and locations.id = ledger.location_id
    where ledger.company_id = %(company)s
    and locations.kind <> 'in_transit' and locations.is_active and locations.archived_at is null
    and (%(locations)s::uuid[] is null or ledger.location_id = any(%(locations)s::uuid[]))
),
gaps as (
    select
        greatest(levels.from_at, sold.first_at) as from_at,
        least(
            levels.until_at,
            variants.archived_at,
            case when variants.is_discontinued then sold.last_at end,
            -- The day that is not over is left out.
            date_trunc('day', %(horizon)s::timestamptz at time zone %(zone)s) at time zone %(zone)s
        ) as until_at
    from levels
    inner join sold on sold.variant_id = levels.variant_id
    inner join variants on variants.company_id = %(company)s and variants.id = levels.variant_id
    inner join products on products.company_id = %(company)s and products.id = variants.product_id
    where levels.on_hand_units <= 0
    and (%(categories)s::uuid[] is null or products.category_id in (select wanted.id from wanted))
),
days as (
    select
        day::date as day, day::timestamp at time zone %(zone)s as from_at,
        (day::date + 1)::timestamp at time zone %(zone)s as until_at
    from generate_series(%(first)s::date, %(last)s::date, '1 day') as day
)
select
    case when %(by)s <> 'all' then date_trunc(%(by)s, days.day)::date end as bucket,
    sum(extract(epoch from least(gaps.until_at, days.until_at) - greatest(gaps.from_at, days.from_at)))
    / 3600 as stock_out_hours
from gaps inner join days on gaps.from_at < days.until_at and gaps.until_at > days.from_at
where gaps.from_at < gaps.until_at
group by 1 order by 1
