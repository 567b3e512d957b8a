{#
    What variants hold, summed over the variants of a category: figures that are not about single variants read
    some thousand rows here and millions there. A total changes where a run of one of its variants begins or
    ends, so it is a sum of changes: a run adds what lies there on its first day, and takes it away on the day
    after its last.
#}
with stock_spans as (
    select * from {{ ref('fct_stock_spans') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

valued as (
    select
        stock_spans.*,
        variants.category_id,
        stock_spans.span_date + stock_spans.days_count as day_after,
        stock_spans.closing_units * stock_spans.unit_cost_amount as closing_value_amount,
        case
            when stock_spans.unit_cost_amount is null then stock_spans.closing_units
            else 0
        end as uncosted_units
    from stock_spans
    inner join variants
        on stock_spans.company_id = variants.company_id and stock_spans.variant_id = variants.variant_id
),

begun as (
    select
        company_id,
        location_id,
        category_id,
        span_date as change_date,
        sum(wanted_units) as wanted_units,
        sum(short_units) as short_units,
        sum(margin_amount) as margin_amount,
        sum(received_units) as received_units,
        sum(sold_units) as sold_units,
        sum(returned_units) as returned_units,
        sum(adjusted_units) as adjusted_units,
        sum(transferred_units) as transferred_units,
        sum(lost_units) as lost_units,
        sum(lost_units * unit_cost_amount) as lost_value_amount,
        sum((sold_units - returned_units) * unit_cost_amount) as cost_of_sales_amount,
        sum(closing_units - opening_units) as moved_units,
        sum(closing_units) as closing_units,
        sum(closing_value_amount) as closing_value_amount,
        sum(uncosted_units) as uncosted_units
    from valued
    group by company_id, location_id, category_id, span_date
),

ended as (
    select
        company_id,
        location_id,
        category_id,
        day_after as change_date,
        sum(closing_units) as closing_units,
        sum(closing_value_amount) as closing_value_amount,
        sum(uncosted_units) as uncosted_units
    from valued
    group by company_id, location_id, category_id, day_after
),

changes as (
    select
        coalesce(begun.company_id, ended.company_id) as company_id,
        coalesce(begun.location_id, ended.location_id) as location_id,
        coalesce(begun.category_id, ended.category_id) as category_id,
        coalesce(begun.change_date, ended.change_date) as change_date,
        coalesce(begun.wanted_units, 0) as wanted_units,
        coalesce(begun.short_units, 0) as short_units,
        coalesce(begun.margin_amount, 0) as margin_amount,
        coalesce(begun.received_units, 0) as received_units,
        coalesce(begun.sold_units, 0) as sold_units,
        coalesce(begun.returned_units, 0) as returned_units,
        coalesce(begun.adjusted_units, 0) as adjusted_units,
        coalesce(begun.transferred_units, 0) as transferred_units,
        coalesce(begun.lost_units, 0) as lost_units,
        coalesce(begun.lost_value_amount, 0) as lost_value_amount,
        coalesce(begun.cost_of_sales_amount, 0) as cost_of_sales_amount,
        coalesce(begun.moved_units, 0) as moved_units,
        coalesce(begun.closing_units, 0) - coalesce(ended.closing_units, 0) as units_change,
        coalesce(begun.closing_value_amount, 0) - coalesce(ended.closing_value_amount, 0) as value_change,
        coalesce(begun.uncosted_units, 0) - coalesce(ended.uncosted_units, 0) as uncosted_change
    from begun
    full join ended
        on
            begun.company_id = ended.company_id
            and begun.location_id = ended.location_id
            and begun.category_id is not distinct from ended.category_id
            and begun.change_date = ended.change_date
),

summed as (
    select
        *,
        {{ days_between(
            'change_date',
            'lead(change_date) over (partition by company_id, location_id, category_id order by change_date)'
        ) }} as days_count,
        sum(units_change) over (
            partition by company_id, location_id, category_id order by change_date
            rows between unbounded preceding and current row
        ) as closing_units,
        sum(value_change) over (
            partition by company_id, location_id, category_id order by change_date
            rows between unbounded preceding and current row
        ) as closing_value_amount,
        sum(uncosted_change) over (
            partition by company_id, location_id, category_id order by change_date
            rows between unbounded preceding and current row
        ) as uncosted_units
    from changes
),

-- The last change of all is the day after the horizon: nothing is known of it.
fct_category_stock_spans as (
    select
        company_id,
        location_id,
        category_id,
        change_date as span_date,
        cast(days_count as integer) as days_count,
        cast(wanted_units as bigint) as wanted_units,
        cast(short_units as bigint) as short_units,
        cast(margin_amount as decimal(18, 2)) as margin_amount,
        cast(closing_units - moved_units as bigint) as opening_units,
        cast(received_units as bigint) as received_units,
        cast(sold_units as bigint) as sold_units,
        cast(returned_units as bigint) as returned_units,
        cast(adjusted_units as bigint) as adjusted_units,
        cast(transferred_units as bigint) as transferred_units,
        cast(lost_units as bigint) as lost_units,
        cast(lost_value_amount as decimal(28, 6)) as lost_value_amount,
        cast(cost_of_sales_amount as decimal(28, 6)) as cost_of_sales_amount,
        cast(closing_units as bigint) as closing_units,
        cast(closing_value_amount as decimal(28, 6)) as closing_value_amount,
        cast(uncosted_units as bigint) as uncosted_units
    from summed
    where days_count is not null
)

select * from fct_category_stock_spans
