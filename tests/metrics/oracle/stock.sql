-- Stock at the end of days, its value, and how often it is shipped, by the registry's words.
with recursive wanted as (
    select id from categories where company_id = %(company)s and id = any(%(categories)s::uuid[])
    union
    select child.id from categories as child
    inner join wanted on child.parent_id = wanted.id
    where child.company_id = %(company)s
),
days as (
    select
        day::date as day,
        case when %(by)s <> 'all' then date_trunc(%(by)s, day)::date end as bucket
    from generate_series(
        %(first)s::date, least(%(last)s::date, (%(horizon)s::timestamptz at time zone %(zone)s)::date), '1 day'
    ) as day
),
entries as (
    select
        ledger.variant_id, ledger.delta_units, ledger.reason,
        (ledger.occurred_at at time zone %(zone)s)::date as day
    from stock_ledger as ledger
    inner join variants on variants.company_id = ledger.company_id and variants.id = ledger.variant_id
    inner join products on products.company_id = ledger.company_id and products.id = variants.product_id
    where ledger.company_id = %(company)s
    and (%(categories)s::uuid[] is null or products.category_id in (select wanted.id from wanted))
    and (%(locations)s::uuid[] is null or ledger.location_id = any(%(locations)s::uuid[]))
),
daily as (
    select
        days.bucket, days.day, variants.id as variant_id,
        coalesce((
            select sum(delta_units) from entries
            where entries.variant_id = variants.id and entries.day <= days.day
        ), 0) as closing_units,
        coalesce((
            select -sum(delta_units) from entries
            where entries.variant_id = variants.id and entries.day = days.day
            and entries.reason in ('sale', 'return')
        ), 0) as shipped_units,
        coalesce(
            (
                select unit_cost_amount from cost_history as cost
                where cost.company_id = %(company)s and cost.variant_id = variants.id
                and (cost.valid_from at time zone %(zone)s)::date <= days.day
                order by valid_from desc limit 1
            ),
            (
                select unit_cost_amount from cost_history as cost
                where cost.company_id = %(company)s and cost.variant_id = variants.id
                and unit_cost_amount is not null
                order by valid_from limit 1
            )
        ) as unit_cost
    from days cross join variants
    where variants.company_id = %(company)s
),
summed as (
    select
        bucket, day, sum(closing_units) as closing_units,
        coalesce(sum(closing_units * unit_cost), 0) as closing_amount,
        coalesce(sum(shipped_units * unit_cost), 0) as shipped_amount
    from daily group by bucket, day
),
figures as (
    select
        bucket,
        (array_agg(closing_units order by day desc))[1] as stock_units,
        (array_agg(closing_amount order by day desc))[1] as stock_value_amount,
        sum(shipped_amount) as stock_cost_of_sales_amount,
        avg(closing_amount) as average_stock_amount,
        count(*) as days
    from summed group by bucket
)
select
    bucket, stock_units, stock_value_amount, stock_cost_of_sales_amount,
    stock_cost_of_sales_amount * 365 / days / nullif(round(average_stock_amount, 2), 0) as inventory_turnover
from figures order by 1
