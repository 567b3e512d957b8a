{#
    One row per customer who bought: fifths of the company's customers by recency, frequency and money, 5 is
    best. A score is 1 + whole fifths of customers who are strictly worse, so equal customers have equal scores
    whatever the order of the rows. Days and numbers of orders are few: they are counted before they are ranked.
    A view: `dim_customer` alone reads it.
#}
{{ config(materialized='view') }}

with customers as (
    select * from {{ ref('int_customers_bought') }}
),

days as (
    select company_id, last_order_date, count(*) as customers_count
    from customers
    group by company_id, last_order_date
),

days_ranked as (
    select
        company_id,
        last_order_date,
        sum(customers_count) over (partition by company_id) as customers_count,
        sum(customers_count) over (partition by company_id order by last_order_date) - customers_count
            as worse_count
    from days
),

numbers as (
    select company_id, orders_count, count(*) as customers_count
    from customers
    group by company_id, orders_count
),

numbers_ranked as (
    select
        company_id,
        orders_count,
        sum(customers_count) over (partition by company_id order by orders_count) - customers_count
            as worse_count
    from numbers
),

fifths as (
    select
        customers.*,
        cast(1 + floor(5 * days_ranked.worse_count / days_ranked.customers_count) as integer)
            as recency_score,
        cast(1 + floor(5 * numbers_ranked.worse_count / days_ranked.customers_count) as integer)
            as frequency_score,
        cast(
            1
            + floor(
                5
                * (
                    rank() over (partition by customers.company_id order by customers.kept_net_sales_amount)
                    - 1
                )
                / days_ranked.customers_count
            ) as integer
        ) as monetary_score
    from customers
    inner join days_ranked
        on
            customers.company_id = days_ranked.company_id
            and customers.last_order_date = days_ranked.last_order_date
    inner join numbers_ranked
        on
            customers.company_id = numbers_ranked.company_id
            and customers.orders_count = numbers_ranked.orders_count
),

scored as (
    select
        *,
        case
            when recency_score >= 4 and orders_count = 1 then 'new'
            when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champions'
            when recency_score >= 3 and frequency_score >= 4 then 'loyal'
            when recency_score >= 4 then 'promising'
            when recency_score = 3 then 'needs_attention'
            when frequency_score >= 4 and monetary_score >= 4 then 'cannot_lose'
            when frequency_score >= 3 or monetary_score >= 4 then 'at_risk'
            else 'hibernating'
        end as segment
    from fifths
)

select * from scored
