with proposals as (
    select * from {{ source('model_results', 'restock_proposals') }}
),

plan_items as (
    select * from {{ ref('fct_plan_items') }}
),

companies as (
    select * from {{ ref('dim_company') }}
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

stock_levels as (
    select * from {{ ref('fct_stock_levels') }}
),

open_lines as (
    select * from {{ ref('fct_open_restock_lines') }}
),

open_transfers as (
    select * from {{ ref('fct_open_transfer_lines') }}
),

decisions as (
    select * from {{ ref('fct_plan_decisions') }}
),

arrivals as (
    select company_id, variant_id, location_id, open_units as restock_units, 0 as transfer_units
    from open_lines
    union all
    select company_id, variant_id, location_id, 0 as restock_units, open_units as transfer_units
    from open_transfers
),

open_units as (
    select
        company_id,
        variant_id,
        location_id,
        cast(sum(restock_units) as integer) as open_restock_units,
        cast(sum(transfer_units) as integer) as open_transfer_units
    from arrivals
    group by company_id, variant_id, location_id
),

ranked_decisions as (
    select
        *,
        row_number() over (
            partition by company_id, variant_id, location_id order by decided_at desc, plan_decision_id desc
        ) as decision_rank
    from decisions
),

last_decisions as (
    select * from ranked_decisions
    where decision_rank = 1
),

srv_restock_worklist as (
    select
        proposals.company_id,
        proposals.proposal_id,
        proposals.run_id,
        proposals.computed_at,
        cast(proposals.rank as integer) as rank,
        proposals.series_id,
        proposals.variant_id,
        variants.product_id,
        variants.sku,
        variants.product_name,
        variants.variant_name,
        proposals.location_id,
        locations.name as location_name,
        proposals.supplier_id,
        suppliers.name as supplier_name,
        cast(proposals.suggested_units as integer) as suggested_units,
        cast(proposals.window_demand_units as integer) as window_demand_units,
        cast(proposals.safety_units as integer) as safety_units,
        cast(proposals.projected_stock_units as integer) as projected_stock_units,
        cast(proposals.on_order_units as integer) as on_order_units,
        cast(proposals.raw_need_units as integer) as raw_need_units,
        cast(proposals.moq_rounding_units as integer) as moq_rounding_units,
        cast(proposals.pack_rounding_units as integer) as pack_rounding_units,
        proposals.is_cover_capped,
        companies.currency,
        plan_items.unit_cost_amount,
        {{
            round_amount(
                'plan_items.unit_cost_amount * proposals.suggested_units', 'companies.minor_unit_digits'
            )
        }}
            as cost_amount,
        cast(proposals.value_amount as decimal(14, 2)) as value_amount,
        proposals.order_by_date,
        proposals.expected_arrival_date,
        proposals.window_start_date,
        proposals.window_end_date,
        proposals.projected_stockout_date,
        proposals.stockout_probability_ratio,
        proposals.fill_rate_ratio,
        proposals.cycle_service_ratio,
        plan_items.on_hand_units,
        plan_items.available_units,
        coalesce(open_units.open_restock_units + open_units.open_transfer_units, 0) as open_on_order_units,
        coalesce(open_units.open_restock_units, 0) as open_restock_units,
        coalesce(open_units.open_transfer_units, 0) as open_transfer_units,
        plan_items.moq_units,
        plan_items.pack_units,
        last_decisions.decision as last_decision,
        last_decisions.decided_units as last_decided_units,
        last_decisions.decided_at as last_decided_at,
        last_decisions.restock_order_id as last_restock_order_id,
        proposals.is_assumed_terms,
        coalesce(stock_levels.is_assumed, false) as is_assumed_stock,
        proposals.is_assumed_terms or coalesce(stock_levels.is_assumed, false) as is_assumed
    from proposals
    inner join companies on proposals.company_id = companies.company_id
    inner join plan_items
        on
            proposals.company_id = plan_items.company_id
            and proposals.variant_id = plan_items.variant_id
            and proposals.location_id = plan_items.location_id
    inner join variants
        on proposals.company_id = variants.company_id and proposals.variant_id = variants.variant_id
    inner join locations
        on proposals.company_id = locations.company_id and proposals.location_id = locations.location_id
    left join suppliers
        on proposals.company_id = suppliers.company_id and proposals.supplier_id = suppliers.supplier_id
    left join stock_levels
        on
            proposals.company_id = stock_levels.company_id
            and proposals.variant_id = stock_levels.variant_id
            and proposals.location_id = stock_levels.location_id
    left join open_units
        on
            proposals.company_id = open_units.company_id
            and proposals.variant_id = open_units.variant_id
            and proposals.location_id = open_units.location_id
    left join last_decisions
        on
            proposals.company_id = last_decisions.company_id
            and proposals.variant_id = last_decisions.variant_id
            and proposals.location_id = last_decisions.location_id
)

select * from srv_restock_worklist
