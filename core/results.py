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
        "n_test_days": "bigint",
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
        "new_recall_at_10": "double",
        "new_ndcg_at_10": "double",
        "users_count": "bigint",
        "is_enough": "boolean",
        "split_date": "date",
    },
}

_PLANS: dict[str, dict[str, str]] = {
    "restock_proposals": {
        "proposal_id": "varchar",
        "series_id": "varchar",
        "variant_id": "varchar",
        "location_id": "varchar",
        "supplier_id": "varchar",
        "rank": "bigint",
        "suggested_units": "bigint",
        "value_amount": "double",
        "cost_amount": "double",
        "order_by_date": "date",
        "expected_arrival_date": "date",
        "stockout_probability_ratio": "double",
        "projected_stockout_date": "date",
        "window_start_date": "date",
        "window_end_date": "date",
        "fill_rate_ratio": "double",
        "cycle_service_ratio": "double",
        "window_demand_units": "bigint",
        "safety_units": "bigint",
        "projected_stock_units": "bigint",
        "on_order_units": "bigint",
        "raw_need_units": "bigint",
        "moq_rounding_units": "bigint",
        "pack_rounding_units": "bigint",
        "is_cover_capped": "boolean",
        "is_assumed_terms": "boolean",
    },
    "restock_not_proposed": {
        "series_id": "varchar",
        "reason_code": "varchar",
        "reason_text": "varchar",
        "stockout_probability_ratio": "double",
        "projected_stockout_date": "date",
    },
    "stock_projection": {
        "series_id": "varchar",
        "projection_date": "date",
        "stock_p10_units": "bigint",
        "stock_p50_units": "bigint",
        "stock_p90_units": "bigint",
        "stockout_probability_ratio": "double",
    },
    "restock_receipts": {
        "restock_order_id": "varchar",
        "series_id": "varchar",
        "supplier_id": "varchar",
        "open_units": "bigint",
        "sent_date": "date",
        "expected_date": "date",
        "days_late": "bigint",
        "is_overdue": "boolean",
        "projected_receipt_date": "date",
        "projected_receipt_p90_date": "date",
    },
    "restock_data_flags": {"series_id": "varchar", "flag": "varchar"},
}

_CUSTOMERS: dict[str, dict[str, str]] = {
    "customer_values": {
        "customer_id": "varchar",
        "alive_probability_ratio": "double",
        "expected_orders": "double",
        "expected_value_amount": "double",
        "baseline_value_amount": "double",
        "model_name": "varchar",
        "model_version": "varchar",
        "training_end_date": "date",
    },
    "customer_value_accuracy": {
        "model_name": "varchar",
        "is_baseline": "boolean",
        "is_chosen": "boolean",
        "mean_absolute_error_amount": "double",
        "root_mean_square_error_amount": "double",
        "bias_ratio": "double",
        "order_days_error_ratio": "double",
        "customers_count": "bigint",
        "test_days": "bigint",
        "split_date": "date",
    },
    "basket_pairs": {
        "item_id": "varchar",
        "other_item_id": "varchar",
        "rank": "bigint",
        "common_baskets": "bigint",
        "item_baskets": "bigint",
        "other_baskets": "bigint",
        "baskets_count": "bigint",
    },
}

_CALENDAR: dict[str, dict[str, str]] = {
    "public_holidays": {
        "country": "varchar",
        "country_code": "varchar",
        "holiday_date": "date",
        "holiday_name": "varchar",
        "is_home": "boolean",
    },
}

RESULTS: dict[str, dict[str, str]] = {
    name: {**_EVERY, **columns}
    for name, columns in {**_FORECAST, **_PLANS, **_RECOMMENDATIONS, **_CUSTOMERS, **_CALENDAR}.items()
}
