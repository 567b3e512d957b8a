{# A view: nothing is kept twice. Sessions stay behind: a number needs no one's trace. #}
{{ config(materialized='view') }}

with views as (
    select * from {{ ref('stg_storefront__product_views') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

fct_product_views as (
    select
        views.company_id,
        views.product_view_id,
        views.product_id,
        views.shop_id,
        views.customer_id,
        views.customer_id is null as is_guest,
        views.source as view_source,
        views.viewed_at,
        {{ local_date('views.viewed_at', 'companies.timezone') }} as viewed_date,
        views.duration_seconds
    from views
    inner join companies on views.company_id = companies.company_id
)

select * from fct_product_views
