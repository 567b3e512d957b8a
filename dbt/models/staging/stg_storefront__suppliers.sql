with newest as (
    {{ newest_versions('suppliers') }}
),

suppliers as (
    select
        company_id,
        id as supplier_id,
        code,
        name,
        currency,
        quoted_lead_time_days,
        working_weekdays,
        minimum_order_amount,
        is_assumed,
        is_active,
        archived_at,
        created_at,
        pull_number
    from newest
)

select * from suppliers
