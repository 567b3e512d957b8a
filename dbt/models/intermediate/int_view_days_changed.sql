{#
    One row per company and day of which views of products were fed since the last build, or are gone. A
    deleted row names no day: where any was deleted, the days are counted again and compared.
#}
{%- set built = last_built_pull() | int %}

with views as (
    select * from {{ ref('stg_storefront__product_views') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

deletions as (
    select * from {{ ref('stg_feed__deletions') }}
    where pull_number > {{ built }} and table_name = 'product_views'
),

built_before as (
    select * from {{ as_last_built('int_views_by_day', {
        'company_id': 'varchar', 'viewed_date': 'date', 'views_count': 'integer',
    }) }}
),

companies_with_deletions as (
    select distinct company_id
    from deletions
),

fresh as (
    select distinct
        views.company_id,
        {{ local_date('views.viewed_at', 'companies.timezone') }} as changed_date
    from views
    inner join companies on views.company_id = companies.company_id
    where views.pull_number > {{ built }}
),

counted_now as (
    select
        views.company_id,
        {{ local_date('views.viewed_at', 'companies.timezone') }} as viewed_date,
        count(*) as views_count
    from views
    inner join companies_with_deletions on views.company_id = companies_with_deletions.company_id
    inner join companies on views.company_id = companies.company_id
    group by views.company_id, {{ local_date('views.viewed_at', 'companies.timezone') }}
),

counted_before as (
    select
        built_before.company_id,
        built_before.viewed_date,
        sum(built_before.views_count) as views_count
    from built_before
    inner join companies_with_deletions on built_before.company_id = companies_with_deletions.company_id
    group by built_before.company_id, built_before.viewed_date
),

shrunk as (
    select counted_before.company_id, counted_before.viewed_date as changed_date
    from counted_before
    left join counted_now
        on
            counted_before.company_id = counted_now.company_id
            and counted_before.viewed_date = counted_now.viewed_date
    where counted_before.views_count <> coalesce(counted_now.views_count, 0)
),

changed as (
    select company_id, changed_date from fresh
    union
    select company_id, changed_date from shrunk
)

select * from changed
