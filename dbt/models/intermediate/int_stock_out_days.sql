{#
    One row per company, location, variant and day on which nothing was on hand for a time, between the variant's
    first sale and its end. Goods on their way are not for sale anywhere, and a closed location sells nothing.
    Only days that are over: else these rows, and what is published of them, would change with each pull.
#}
with out_of_stock as (
    select * from {{ ref('int_series_out_of_stock') }}
),

lifetimes as (
    select * from {{ ref('int_variant_lifetimes') }}
),

locations as (
    select * from {{ ref('stg_storefront__locations') }}
    where kind <> 'in_transit'
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

-- What closed above zero was out of stock on its first day alone.
spans as (
    select
        out_of_stock.*,
        true as has_stock_record,
        case
            when out_of_stock.closing_units > 0 then 1
            else
                {{
                    days_between(
                        'out_of_stock.change_date',
                        'least(coalesce(out_of_stock.next_change_date, companies.horizon_date + 1), '
                        ~ 'companies.horizon_date + 1)'
                    )
                }}
        end as days_count
    from out_of_stock
    inner join companies on out_of_stock.company_id = companies.company_id
    where out_of_stock.change_date <= companies.horizon_date
),

days as (
    select
        *,
        {{ day_numbers('days_count') }} as day_number
    from spans
),

dated as (
    select
        days.*,
        days.change_date + cast(days.day_number as integer) as stock_date,
        companies.timezone,
        companies.pulled_at,
        companies.pulled_date
    from days
    inner join companies on days.company_id = companies.company_id
),

lived as (
    select
        dated.*,
        lifetimes.first_sold_date
    from dated
    inner join lifetimes
        on
            dated.company_id = lifetimes.company_id
            and dated.variant_id = lifetimes.variant_id
            and dated.stock_date >= lifetimes.first_sold_date
            and dated.stock_date <= lifetimes.last_date
    inner join locations
        on dated.company_id = locations.company_id and dated.location_id = locations.location_id
    where
        dated.stock_date < dated.pulled_date
        and dated.stock_date
        <= coalesce({{ local_date('locations.archived_at', 'dated.timezone') }}, date '9999-12-30')
),

-- Once per day, not per row: where a time zone's days begin takes long to find.
day_lengths as (
    select
        company_id,
        stock_date,
        cast({{ day_seconds('stock_date', 'timezone', 'pulled_at') }} as integer) as day_seconds
    from (
        select distinct
            company_id,
            stock_date,
            timezone,
            pulled_at
        from lived
    ) as days_lived
),

timed as (
    select
        lived.*,
        day_lengths.day_seconds,
        cast({{ seconds_out_of_stock('lived.stock_date', whole_day='day_seconds') }} as integer)
            as out_of_stock_seconds
    from lived
    inner join day_lengths
        on lived.company_id = day_lengths.company_id and lived.stock_date = day_lengths.stock_date
),

out_days as (
    select
        company_id,
        location_id,
        variant_id,
        stock_date,
        out_of_stock_seconds,
        case when day_number = 0 then demand_units else 0 end as demand_units,
        out_of_stock_seconds >= day_seconds as is_out_all_day,
        first_sold_date
    from timed
    where out_of_stock_seconds > 0
)

select * from out_days
