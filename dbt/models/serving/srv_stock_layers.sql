with layers as (
    select * from {{ ref('fct_stock_layers') }}
),

srv_stock_layers as (
    select
        company_id,
        location_id,
        variant_id,
        stock_movement_id,
        layer_date,
        occurred_at,
        reason,
        units,
        cumulative_units,
        on_hand_before_units,
        unit_cost_amount
    from layers
)

select * from srv_stock_layers
