with newest as (
    {{ newest_versions('shops') }}
),

shops as (
    select
        company_id,
        id as shop_id,
        name,
        slug,
        city,
        country,
        is_active,
        archived_at,
        created_at
    from newest
)

select * from shops
