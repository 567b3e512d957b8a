{#
    ABC by the share of the last 365 days' net sales (and margin): from the greatest down, those that begin
    within the first 80 percent are A, within 95 percent B, all others C. XYZ by how evenly units sell: the
    coefficient of variation of the last 52 whole weeks, up to 0.5 X, up to 1 Y, above Z; without a class if
    the variant has been sold for fewer than 8 weeks. Σ(x - mean)² = Σx² - (Σx)²/n, so weeks without a sale
    count without a row of their own.
#}
with variants as (
    select * from {{ ref('dim_variant') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

product_sales as (
    select * from {{ ref('fct_product_sales_daily') }}
),

spans as (
    select
        company_id,
        horizon_date - 364 as first_date,
        horizon_date,
        -- The running week is not over: its units are no week's demand.
        {{ week_start('horizon_date') }} as running_week_date
    from companies
),

sales as (
    select
        product_sales.*,
        spans.first_date,
        spans.horizon_date,
        spans.running_week_date,
        {{ week_start('product_sales.sales_date') }} as week_date
    from product_sales
    inner join spans on product_sales.company_id = spans.company_id
    where product_sales.sales_date between spans.first_date - 7 and spans.horizon_date
),

amounts as (
    select
        company_id,
        variant_id,
        sum(units) as units,
        sum(net_sales_amount) as net_sales_amount,
        sum(margin_amount) as margin_amount
    from sales
    where sales_date >= first_date
    group by company_id, variant_id
),

weeks as (
    select company_id, variant_id, week_date, sum(units) as units
    from sales
    where week_date between running_week_date - 364 and running_week_date - 7
    group by company_id, variant_id, week_date
),

weekly as (
    select
        company_id,
        variant_id,
        sum(units) as units,
        sum(units * units) as squared_units
    from weeks
    group by company_id, variant_id
),

first_weeks as (
    select
        company_id,
        variant_id,
        {{ week_start('first_sold_date') }} as week_date
    from variants
),

measured as (
    select
        variants.company_id,
        variants.variant_id,
        variants.product_id,
        coalesce(amounts.units, 0) as units,
        coalesce(amounts.net_sales_amount, 0) as net_sales_amount,
        coalesce(amounts.margin_amount, 0) as margin_amount,
        coalesce(weekly.units, 0) as weekly_units,
        coalesce(weekly.squared_units, 0) as squared_units,
        case
            when first_weeks.week_date is null or first_weeks.week_date >= spans.running_week_date then 0
            when first_weeks.week_date < spans.running_week_date - 364 then 52
            else
                cast({{ days_between('first_weeks.week_date', 'spans.running_week_date') }} / 7 as integer)
        end as weeks_count
    from variants
    inner join spans on variants.company_id = spans.company_id
    inner join first_weeks
        on variants.company_id = first_weeks.company_id and variants.variant_id = first_weeks.variant_id
    left join amounts
        on variants.company_id = amounts.company_id and variants.variant_id = amounts.variant_id
    left join weekly
        on variants.company_id = weekly.company_id and variants.variant_id = weekly.variant_id
),

ranked as (
    select
        *,
        sum(greatest(net_sales_amount, 0)) over (partition by company_id) as all_sales_amount,
        sum(greatest(margin_amount, 0)) over (partition by company_id) as all_margin_amount,
        sum(greatest(net_sales_amount, 0)) over (
            partition by company_id
            order by net_sales_amount desc, variant_id asc
            rows between unbounded preceding and current row
        ) - greatest(net_sales_amount, 0) as sales_before_amount,
        sum(greatest(margin_amount, 0)) over (
            partition by company_id
            order by margin_amount desc, variant_id asc
            rows between unbounded preceding and current row
        ) - greatest(margin_amount, 0) as margin_before_amount
    from measured
),

with_variation as (
    select
        *,
        case
            when weeks_count >= 8 and weekly_units > 0
                then
                    sqrt(
                        cast(weeks_count * squared_units - weekly_units * weekly_units as double)
                    )
                    / weekly_units
        end as variation_ratio
    from ranked
),

fct_variant_classes as (
    select
        company_id,
        variant_id,
        product_id,
        cast(units as bigint) as units,
        cast(net_sales_amount as decimal(18, 2)) as net_sales_amount,
        cast(margin_amount as decimal(18, 2)) as margin_amount,
        case
            when net_sales_amount <= 0 then 'C'
            when sales_before_amount * 100 < all_sales_amount * 80 then 'A'
            when sales_before_amount * 100 < all_sales_amount * 95 then 'B'
            else 'C'
        end as abc_class,
        case
            when margin_amount <= 0 then 'C'
            when margin_before_amount * 100 < all_margin_amount * 80 then 'A'
            when margin_before_amount * 100 < all_margin_amount * 95 then 'B'
            else 'C'
        end as abc_margin_class,
        weeks_count,
        cast(weekly_units as bigint) as weekly_units,
        variation_ratio,
        case
            when variation_ratio <= 0.5 then 'X'
            when variation_ratio <= 1 then 'Y'
            when variation_ratio > 1 then 'Z'
        end as xyz_class
    from with_variation
)

select * from fct_variant_classes
