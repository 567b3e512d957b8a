with newest as (
    {{ newest_versions('price_schedules') }}
),

price_schedules as (
    select
        company_id,
        id as price_schedule_id,
        product_id,
        price_amount,
        sale_price_amount,
        starts_at,
        ends_at,
        cancelled_at,
        created_at
    from newest
)

select * from price_schedules
