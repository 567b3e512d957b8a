{# A view: the rows stand in the intermediate table already. #}
{{ config(materialized='view') }}

with views_by_day as (
    select * from {{ ref('int_views_by_day') }}
),

fct_product_views_daily as (
    select
        company_id,
        shop_id,
        product_id,
        viewed_date,
        views_count,
        customer_views_count,
        timed_views_count,
        duration_seconds
    from views_by_day
)

select * from fct_product_views_daily
