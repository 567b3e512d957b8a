with open_lines as (
    select * from {{ ref('fct_open_restock_lines') }}
),

variants as (
    select * from {{ ref('dim_variant') }}
),

locations as (
    select * from {{ ref('dim_location') }}
),

suppliers as (
    select * from {{ ref('dim_supplier') }}
),

srv_open_restock_lines as (
    select
        open_lines.company_id,
        open_lines.restock_order_line_id,
        open_lines.restock_order_id,
        open_lines.restock_number,
        open_lines.status,
        open_lines.supplier_id,
        suppliers.name as supplier_name,
        open_lines.variant_id || '|' || open_lines.location_id as series_id,
        open_lines.variant_id,
        variants.sku,
        variants.product_name,
        variants.variant_name,
        open_lines.location_id,
        locations.name as location_name,
        open_lines.ordered_units,
        open_lines.received_units,
        open_lines.open_units,
        open_lines.sent_date,
        open_lines.expected_date,
        open_lines.age_days,
        open_lines.is_assumed
    from open_lines
    inner join variants
        on open_lines.company_id = variants.company_id and open_lines.variant_id = variants.variant_id
    inner join locations
        on open_lines.company_id = locations.company_id and open_lines.location_id = locations.location_id
    inner join suppliers
        on open_lines.company_id = suppliers.company_id and open_lines.supplier_id = suppliers.supplier_id
)

select * from srv_open_restock_lines
