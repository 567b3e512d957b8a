"""How good the models were on days they had not seen, as tables beside the baseline."""

from __future__ import annotations

from typing import Any

import streamlit as st

MODEL_TITLES = {
    "champion": "Chosen per item (in use)",
    "seasonal_naive": "Last week's same day",
    "weekday_mean": "Mean of the weekday",
    "seasonal_es": "Exponential smoothing",
    "tsb": "Sells now and then (TSB)",
    "mixed": "Own history and co-purchase (in use)",
    "for_you": "Own history",
    "new_for_you": "Not bought before",
    "p_topfreq": "Own most frequent",
    "popularity": "Most popular",
}


# Streamlit's own "percent" gives each row as many digits as it has.
_PERCENT = "%.1f%%"
_SHARES = ("wape", "bias_ratio", "coverage_p10_p90_ratio", "recall_at_10", "new_recall_at_10")


def model_title(name: str) -> str:
    """Return a model's name for people."""
    return MODEL_TITLES.get(name, name.replace("_", " "))


def show_forecast_accuracy(rows: list[dict[str, Any]]) -> None:
    """Show the forecasts' errors by model."""
    if not rows:
        st.info("No forecast was measured in this build.", icon=":material/inbox:")
        return
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "model": st.column_config.TextColumn("Model", pinned=True),
        "role": "Role",
        "wape": number("Error (WAPE)", format=_PERCENT, help="Sum of errors as a share of demand"),
        "bias_ratio": number("Bias", format=_PERCENT, help="Above zero: forecasts too high"),
        "rmsse": number("RMSSE", format="%.3f", help="Below 1: better than repeating the last value"),
        "coverage_p10_p90_ratio": number(
            "8-of-10 band held", format=_PERCENT, help="Share of outcomes in the band; aim for 80%"
        ),
        "is_chosen_count": number("Chosen for (items)", format="localized"),
        "series_count": number("Measured on (items)", format="localized"),
        "n_test_days": number("Test days", format="localized"),
    }
    st.dataframe(
        _named(rows), column_config=columns, column_order=list(columns), hide_index=True,
        alt="Forecast error, bias and band by model, the baseline last",
    )  # fmt: skip


def show_recommendation_accuracy(rows: list[dict[str, Any]]) -> None:
    """Show the recommender's hits by method."""
    if not rows:
        st.info("No recommendation was measured in this build.", icon=":material/inbox:")
        return
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "model": st.column_config.TextColumn("Method", pinned=True),
        "role": "Role",
        "recall_at_10": number(
            "Found in ten places", format=_PERCENT, help="Recall: share of the next purchases shown"
        ),
        "ndcg_at_10": number("Ranked (NDCG)", format="%.3f", help="1 if all purchases came first"),
        "new_recall_at_10": number("New items found", format=_PERCENT),
        "new_ndcg_at_10": number("New items ranked (NDCG)", format="%.3f"),
        "users_count": number("Customers", format="localized"),
    }
    st.dataframe(
        _named(rows), column_config=columns, column_order=list(columns), hide_index=True,
        alt="Recommendation accuracy by method, baselines last",
    )  # fmt: skip


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            **{name: None if row[name] is None else row[name] * 100 for name in _SHARES if name in row},
            "model": model_title(row["model_name"]),
            "role": "baseline" if row["is_baseline"] else "model",
        }
        for row in rows
    ]
