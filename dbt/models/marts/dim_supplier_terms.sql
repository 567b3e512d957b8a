with history as (
    select * from {{ ref('stg_storefront__product_supplier_history') }}
),

product_suppliers as (
    select * from {{ ref('stg_storefront__product_suppliers') }}
),

in_order as (
    select
        *,
        lead(valid_from_at) over (
            partition by company_id, product_supplier_id order by valid_from_at, product_supplier_history_id
        ) as valid_to_at
    from history
),

dim_supplier_terms as (
    select
        in_order.company_id,
        in_order.product_supplier_history_id as supplier_terms_id,
        product_suppliers.supplier_id,
        product_suppliers.variant_id,
        in_order.valid_from_at,
        coalesce(in_order.valid_to_at, product_suppliers.archived_at) as valid_to_at,
        in_order.valid_to_at is null and product_suppliers.archived_at is null as is_current,
        in_order.currency,
        in_order.unit_cost_amount,
        in_order.moq_units,
        in_order.pack_units,
        in_order.lead_time_days as quoted_lead_time_days,
        in_order.is_preferred
    from in_order
    inner join product_suppliers
        on
            in_order.company_id = product_suppliers.company_id
            and in_order.product_supplier_id = product_suppliers.product_supplier_id
)

select * from dim_supplier_terms
