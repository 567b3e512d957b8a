{#
    One row per variant that somebody delivers: the supplier to buy it from. The preferred one, else the
    cheapest. The cost is in the company's currency; terms in another currency have none here.
#}
with product_suppliers as (
    select * from {{ ref('stg_storefront__product_suppliers') }}
),

suppliers as (
    select * from {{ ref('stg_storefront__suppliers') }}
),

companies as (
    select * from {{ ref('int_companies_dated') }}
),

current_terms as (
    select
        product_suppliers.company_id,
        product_suppliers.variant_id,
        product_suppliers.supplier_id,
        suppliers.name as supplier_name,
        case when product_suppliers.currency = companies.currency then product_suppliers.unit_cost_amount end
            as unit_cost_amount,
        product_suppliers.moq_units,
        product_suppliers.pack_units,
        coalesce(product_suppliers.lead_time_days, suppliers.quoted_lead_time_days) as quoted_lead_time_days,
        product_suppliers.is_assumed or suppliers.is_assumed as is_assumed,
        product_suppliers.is_preferred
    from product_suppliers
    inner join suppliers
        on
            product_suppliers.company_id = suppliers.company_id
            and product_suppliers.supplier_id = suppliers.supplier_id
    inner join companies on product_suppliers.company_id = companies.company_id
    where product_suppliers.archived_at is null and suppliers.archived_at is null and suppliers.is_active
),

ranked as (
    select
        *,
        row_number() over (
            partition by company_id, variant_id
            order by is_preferred desc, unit_cost_amount asc nulls last, supplier_id asc
        ) as supplier_rank
    from current_terms
),

first_suppliers as (
    select
        company_id,
        variant_id,
        supplier_id,
        supplier_name,
        unit_cost_amount,
        moq_units,
        pack_units,
        quoted_lead_time_days,
        is_assumed
    from ranked
    where supplier_rank = 1
)

select * from first_suppliers
