with not_proposed as (
    select * from {{ source('model_results', 'restock_not_proposed') }}
),

plan_items as (
    select * from {{ ref('fct_plan_items') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

locations as (
    select * from {{ ref('dim_location') }}
),

-- Left joins: a row that the plan refused as bad data may name nothing that is known.
srv_restock_not_proposed as (
    select
        not_proposed.company_id,
        not_proposed.series_id,
        plan_items.variant_id,
        variants.product_id,
        variants.sku,
        variants.product_name,
        variants.variant_name,
        plan_items.location_id,
        locations.name as location_name,
        plan_items.supplier_id,
        plan_items.supplier_name,
        plan_items.on_hand_units,
        plan_items.available_units,
        not_proposed.reason_code,
        not_proposed.reason_text,
        not_proposed.stockout_probability_ratio,
        not_proposed.projected_stockout_date,
        not_proposed.run_id,
        not_proposed.computed_at
    from not_proposed
    left join plan_items
        on not_proposed.company_id = plan_items.company_id and not_proposed.series_id = plan_items.series_id
    left join variants
        on plan_items.company_id = variants.company_id and plan_items.variant_id = variants.variant_id
    left join locations
        on plan_items.company_id = locations.company_id and plan_items.location_id = locations.location_id
)

select * from srv_restock_not_proposed
