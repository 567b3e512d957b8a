-- One row per company: the day up to which its facts go.
with companies as (
    select * from {{ ref('stg_storefront__companies') }}
),

pull as (
    select * from {{ ref('stg_feed__pull') }}
),

orders as (
    select * from {{ ref('stg_storefront__orders') }}
),

order_returns as (
    select * from {{ ref('stg_storefront__order_returns') }}
),

last_orders as (
    select company_id, max(placed_at) as last_activity_at
    from orders
    group by company_id
),

last_returns as (
    select company_id, max(returned_at) as last_activity_at
    from order_returns
    group by company_id
),

with_instants as (
    select
        companies.*,
        pull.snapshot_at as pulled_at,
        greatest(last_orders.last_activity_at, last_returns.last_activity_at) as last_activity_at
    from companies
    left join pull on true
    left join last_orders on companies.company_id = last_orders.company_id
    left join last_returns on companies.company_id = last_returns.company_id
),

with_dates as (
    select
        *,
        {{ local_date('pulled_at', 'timezone') }} as pulled_date,
        {{ local_date('last_activity_at', 'timezone') }} as last_activity_date,
        {{ minor_unit_digits('currency') }} as minor_unit_digits
    from with_instants
),

-- An imported history may have ended years ago: its days end where its data ends, not today.
dated as (
    select
        *,
        case
            when data_origin = 'import' then least(pulled_date, coalesce(last_activity_date, pulled_date))
            else pulled_date
        end as horizon_date
    from with_dates
)

select * from dated
