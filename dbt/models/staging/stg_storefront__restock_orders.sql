with newest as (
    {{ newest_versions('restock_orders') }}
),

restock_orders as (
    select
        company_id,
        id as restock_order_id,
        restock_number,
        supplier_id,
        location_id,
        status,
        currency,
        exchange_rate,
        exchange_rate_date,
        total_amount,
        total_company_amount,
        expected_date,
        source,
        plan_run_id,
        is_assumed,
        approved_at,
        sent_at,
        closed_at,
        cancelled_at,
        created_at,
        pull_number
    from newest
)

select * from restock_orders
