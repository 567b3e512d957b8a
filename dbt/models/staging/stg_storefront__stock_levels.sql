-- Fed whole by every pull: there is one version of a row, and what is gone is gone.
with whole as (
    select * from {{ source('raw', 'stock_levels') }}
),

stock_levels as (
    select
        company_id,
        location_id,
        variant_id,
        on_hand_units,
        reserved_units,
        available_units,
        low_stock_threshold_units,
        allow_backorder,
        stock_status,
        last_restocked_at,
        updated_at
    from whole
)

select * from stock_levels
