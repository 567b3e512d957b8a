with projections as (
    select * from {{ source('model_results', 'stock_projection') }}
),

srv_stock_projection as (
    select
        company_id,
        series_id,
        projection_date,
        cast(stock_p10_units as integer) as stock_p10_units,
        cast(stock_p50_units as integer) as stock_p50_units,
        cast(stock_p90_units as integer) as stock_p90_units,
        stockout_probability_ratio,
        run_id,
        computed_at
    from projections
)

select * from srv_stock_projection
