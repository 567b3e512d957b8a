"""What is known about the data itself: runs, reconciliation, tests and model accuracy."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.published import BuildInfo, NothingPublished, current_build, open_snapshot
from core.runs import RunRecord, list_runs
from dashboards import context

SHOWN_RUNS = 10
UNKNOWN_TIMEZONE = "UTC"
RECONCILE = "reconcile"


def published_build() -> BuildInfo | None:
    """Return the build that readers get now; asked on every run of a page, so never cached."""
    return current_build(context.settings())


def runs_of(company_id: str, *, is_platform: bool) -> list[RunRecord]:
    """Return the newest runs with what one company may see of them; who runs the platform sees more."""
    records = list_runs(context.settings(), limit=SHOWN_RUNS)
    return [_shown(record, company_id, is_platform) for record in records]


def _shown(record: RunRecord, company_id: str, is_platform: bool) -> RunRecord:
    """Leave out what is about others, and the reconciliation's message: it counts all that differ."""
    own = record.for_company(company_id)
    if is_platform:
        return own.model_copy(update={"alarms": record.alarms, "feed": record.feed})
    reason = own.reason
    if own.failed_step == RECONCILE:
        reason = "The warehouse did not equal the order system."
    return own.model_copy(update={"reason": reason})


def load_timezone(company_id: str, build_id: str) -> str:
    """Return the company's time zone; UTC for a company that no build holds yet."""
    rows = _rows(company_id, build_id, "select timezone from srv_company")
    return str(rows[0]["timezone"]) if rows else UNKNOWN_TIMEZONE


def load_accuracy(company_id: str, build_id: str) -> list[dict[str, Any]]:
    """Return the forecasts' measured accuracy by model, the baseline beside them."""
    return _rows(company_id, build_id, "select * from srv_forecast_accuracy order by is_baseline, wape")


def load_recommendation_accuracy(company_id: str, build_id: str) -> list[dict[str, Any]]:
    """Return the recommender's measured accuracy, the baselines beside it."""
    return _rows(
        company_id,
        build_id,
        "select * from srv_recommendation_accuracy order by is_baseline, recall_at_10 desc, model_name",
    )


def load_band_coverage(company_id: str, build_id: str, model_name: str) -> float | None:
    """Return the share of test days on which a model's band held the outcome, if it was measured."""
    for row in load_accuracy(company_id, build_id):
        if row["model_name"] == model_name:
            coverage: float | None = row["coverage_p10_p90_ratio"]
            return coverage
    return None


@st.cache_data(max_entries=200, ttl="1h", show_spinner=False)
def _rows(company_id: str, build_id: str, sql: str) -> list[dict[str, Any]]:
    del build_id  # part of the cache's key: another build, another answer
    try:
        with open_snapshot(context.settings(), company_id) as snapshot:
            return snapshot.rows(sql)
    except NothingPublished:
        return []
