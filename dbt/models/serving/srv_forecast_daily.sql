with forecasts as (
    select * from {{ source('model_results', 'forecast_daily') }}
),

srv_forecast_daily as (
    select
        company_id,
        series_id,
        variant_id,
        location_id,
        forecast_date,
        mean_units,
        p10_units,
        p50_units,
        p90_units,
        model_name,
        model_version,
        training_end_date,
        run_id,
        computed_at
    from forecasts
)

select * from srv_forecast_daily
