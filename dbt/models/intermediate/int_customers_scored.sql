{#
    One row per customer who bought: fifths of the company's customers by recency, frequency and money, 5 is
    best. A score is 1 + whole fifths of customers who are strictly worse, so equal customers have equal scores
    whatever the order of the rows.
#}
with customers as (
    select * from {{ ref('int_customers_bought') }}
),

ranked as (
    select
        *,
        count(*) over (partition by company_id) as customers_count,
        rank() over (partition by company_id order by last_order_date) as recency_rank,
        rank() over (partition by company_id order by orders_count) as frequency_rank,
        rank() over (partition by company_id order by kept_net_sales_amount) as monetary_rank
    from customers
),

fifths as (
    select
        *,
        cast(1 + floor(5 * (recency_rank - 1) / customers_count) as integer) as recency_score,
        cast(1 + floor(5 * (frequency_rank - 1) / customers_count) as integer) as frequency_score,
        cast(1 + floor(5 * (monetary_rank - 1) / customers_count) as integer) as monetary_score
    from ranked
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
