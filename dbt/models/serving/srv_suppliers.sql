with suppliers as (
    select * from {{ ref('dim_supplier') }}
),

srv_suppliers as (
    select
        company_id,
        supplier_id,
        name as supplier_name,
        code,
        currency,
        is_active
    from suppliers
)

select * from srv_suppliers
