with stock_levels as (
    select * from {{ ref('fct_stock_levels') }}
),

locations as (
    select * from {{ ref('dim_location') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

srv_stock_levels as (
    select
        stock_levels.company_id,
        stock_levels.location_id,
        locations.name as location_name,
        stock_levels.variant_id,
        variants.sku,
        variants.product_name,
        variants.variant_name,
        stock_levels.on_hand_units,
        stock_levels.reserved_units,
        -- What is on its way between locations is owned, but nobody can buy it yet.
        case
            when locations.kind = 'in_transit' then 0 else stock_levels.available_units
        end as available_units,
        stock_levels.low_stock_threshold_units,
        case
            when locations.kind = 'in_transit' then 'in_transit' else stock_levels.stock_status
        end as stock_status,
        stock_levels.is_assumed
    from stock_levels
    inner join locations
        on stock_levels.company_id = locations.company_id and stock_levels.location_id = locations.location_id
    inner join variants
        on stock_levels.company_id = variants.company_id and stock_levels.variant_id = variants.variant_id
)

select * from srv_stock_levels
