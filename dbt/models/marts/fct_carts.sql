{# A view: the rows stand in the intermediate table already, and the day up to which they are known moves. #}
{{ config(materialized='view') }}

with carts as (
    select * from {{ ref('int_carts_valued') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

-- Carts that nobody bought are deleted so many days after the last touch; the shortest life counts.
kept as (
    select company_id, min(kept_days) as kept_days
    from carts
    where status <> 'converted'
    group by company_id
),

fct_carts as (
    select
        carts.company_id,
        carts.cart_id,
        carts.shop_id,
        carts.is_guest,
        carts.status as cart_status,
        carts.created_date,
        carts.abandoned_date,
        carts.converted_date,
        carts.active_hours,
        carts.lines_count,
        carts.units,
        carts.value_amount,
        kept.kept_days is null
        or carts.created_date > {{ dbt.dateadd('day', '-kept.kept_days', 'companies.horizon_date') }}
            as is_all_kept
    from carts
    inner join companies on carts.company_id = companies.company_id
    left join kept on carts.company_id = kept.company_id
)

select * from fct_carts
