with suppliers as (
    select * from {{ ref('stg_storefront__suppliers') }}
),

dim_supplier as (
    select
        company_id,
        supplier_id,
        code,
        name,
        currency,
        quoted_lead_time_days,
        working_weekdays,
        minimum_order_amount,
        is_assumed,
        is_active and archived_at is null as is_active
    from suppliers
)

select * from dim_supplier
