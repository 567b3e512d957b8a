with demand as (
    select * from {{ ref('fct_demand_daily') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

srv_demand_daily as (
    select
        demand.company_id,
        demand.variant_id || '|' || demand.location_id as series_id,
        demand.variant_id,
        demand.location_id,
        demand.demand_date,
        demand.demand_units,
        demand.is_out_of_stock
    from demand
    inner join companies on demand.company_id = companies.company_id
    where demand.demand_date > companies.horizon_date - 180
)

select * from srv_demand_daily
