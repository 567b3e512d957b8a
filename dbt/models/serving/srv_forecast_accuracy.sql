with summaries as (
    select * from {{ source('model_results', 'forecast_summary') }}
),

srv_forecast_accuracy as (
    select
        company_id,
        model_name,
        is_baseline,
        is_chosen_count,
        wape,
        bias_ratio,
        rmsse,
        coverage_p10_p90_ratio,
        series_count,
        n_test_days,
        training_end_date,
        run_id,
        computed_at
    from summaries
)

select * from srv_forecast_accuracy
