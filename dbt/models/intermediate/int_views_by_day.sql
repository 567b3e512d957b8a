-- One row per company, shop, product and local day on which the product was looked at; 'none' where a view
-- names no shop.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={
            'changed': 'int_view_days_changed',
            'replaces': 'target.company_id = changed.company_id and target.viewed_date = changed.changed_date',
        },
    )
}}

with views as (
    select * from {{ ref('stg_storefront__product_views') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

days_changed as (
    select * from {{ ref('int_view_days_changed') }}
),

dated as (
    select
        views.company_id,
        coalesce(views.shop_id, 'none') as shop_id,
        views.product_id,
        {{ local_date('views.viewed_at', 'companies.timezone') }} as viewed_date,
        views.customer_id,
        views.duration_seconds
    from views
    inner join companies on views.company_id = companies.company_id
),

by_day as (
    select
        dated.company_id,
        dated.shop_id,
        dated.product_id,
        dated.viewed_date,
        cast(count(*) as integer) as views_count,
        cast(count(dated.customer_id) as integer) as customer_views_count,
        cast(count(dated.duration_seconds) as integer) as timed_views_count,
        cast(coalesce(sum(dated.duration_seconds), 0) as decimal(18, 3)) as duration_seconds
    from
        dated
    {%- if is_incremental() %}
    inner join days_changed
        on dated.company_id = days_changed.company_id and dated.viewed_date = days_changed.changed_date
    {%- endif %}
    group by dated.company_id, dated.shop_id, dated.product_id, dated.viewed_date
)

select * from by_day
