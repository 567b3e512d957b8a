"""What the models leave for the warehouse: the columns of each result and their DuckDB types.

The views ``model_results.*`` have these columns before the first forecast too, so that dbt can build. Every
result also carries whose it is, which run computed it, and when.
"""

_EVERY: dict[str, str] = {"company_id": "varchar", "run_id": "varchar", "computed_at": "timestamptz"}

_FORECAST: dict[str, dict[str, str]] = {
    "forecast_daily": {
        "series_id": "varchar",
        "variant_id": "varchar",
        "location_id": "varchar",
        "forecast_date": "date",
        "mean_units": "double",
        "p10_units": "double",
        "p50_units": "double",
        "p90_units": "double",
        "model_name": "varchar",
        "model_version": "varchar",
        "training_end_date": "date",
    },
    "forecast_accuracy": {
        "series_id": "varchar",
        "model_name": "varchar",
        "is_baseline": "boolean",
        "is_chosen": "boolean",
        "wape": "double",
        "bias_ratio": "double",
        "rmsse": "double",
        "pinball_units": "double",
        "coverage_p10_p90_ratio": "double",
        "n_test_days": "bigint",
    },
    "forecast_summary": {
        "model_name": "varchar",
        "is_baseline": "boolean",
        "is_chosen_count": "bigint",
        "wape": "double",
        "bias_ratio": "double",
        "rmsse": "double",
        "coverage_p10_p90_ratio": "double",
        "series_count": "bigint",
        "training_end_date": "date",
    },
}

_RECOMMENDATIONS: dict[str, dict[str, str]] = {
    "recommendations": {
        "customer_id": "varchar",
        "shelf": "varchar",
        "rank": "bigint",
        "item_id": "varchar",
        "score": "double",
        "reason_code": "varchar",
        "reason_item_id": "varchar",
        "reason_count": "bigint",
        "reason_last_date": "date",
        "model_version": "varchar",
    },
    "recommendations_together": {
        "item_id": "varchar",
        "other_item_id": "varchar",
        "rank": "bigint",
        "score": "double",
        "common_baskets": "bigint",
    },
    "recommendations_popular": {
        "item_id": "varchar",
        "rank": "bigint",
        "score": "double",
        "buyers": "bigint",
    },
    "recommendation_accuracy": {
        "model_name": "varchar",
        "is_baseline": "boolean",
        "recall_at_10": "double",
        "ndcg_at_10": "double",
        "users_count": "bigint",
    },
}

RESULTS: dict[str, dict[str, str]] = {
    name: {**_EVERY, **columns} for name, columns in {**_FORECAST, **_RECOMMENDATIONS}.items()
}
