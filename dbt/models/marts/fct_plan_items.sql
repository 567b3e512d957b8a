with series_changes as (
    select * from {{ ref('int_series_changes') }}
),

stock_levels as (
    select * from {{ ref('fct_stock_levels') }}
),

locations as (
    select * from {{ ref('stg_storefront__locations') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

first_suppliers as (
    select * from {{ ref('int_variants_first_supplier') }}
),

series as (
    select distinct company_id, variant_id, location_id from series_changes
    union
    select company_id, variant_id, location_id from stock_levels
),

-- Goods on the way between locations are not a place to restock.
places as (
    select company_id, location_id
    from locations
    where kind <> 'in_transit' and is_active and archived_at is null
),

fct_plan_items as (
    select
        series.company_id,
        series.variant_id || '|' || series.location_id as series_id,
        series.variant_id,
        series.location_id,
        first_suppliers.supplier_id,
        first_suppliers.supplier_name,
        coalesce(stock_levels.available_units, 0) as available_units,
        coalesce(stock_levels.on_hand_units, 0) as on_hand_units,
        coalesce(stock_levels.reserved_units, 0) as reserved_units,
        greatest(-coalesce(stock_levels.available_units, 0), 0) as backordered_units,
        coalesce(first_suppliers.unit_cost_amount, variants.unit_cost_amount) as unit_cost_amount,
        variants.unit_price_amount,
        coalesce(first_suppliers.moq_units, 1) as moq_units,
        coalesce(first_suppliers.pack_units, 1) as pack_units,
        first_suppliers.quoted_lead_time_days,
        variants.is_sellable,
        variants.is_discontinued,
        coalesce(stock_levels.allow_backorder, false) as allow_backorder,
        variants.is_assumed or coalesce(first_suppliers.is_assumed, false) as is_assumed_terms
    from series
    inner join places on series.company_id = places.company_id and series.location_id = places.location_id
    inner join variants on series.company_id = variants.company_id and series.variant_id = variants.variant_id
    left join stock_levels
        on
            series.company_id = stock_levels.company_id
            and series.location_id = stock_levels.location_id
            and series.variant_id = stock_levels.variant_id
    left join first_suppliers
        on series.company_id = first_suppliers.company_id and series.variant_id = first_suppliers.variant_id
)

select * from fct_plan_items
