"""What is known about the data itself: runs, reconciliation, tests and model accuracy."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.published import BuildInfo, NothingPublished, current_build, open_snapshot
from core.runs import RunRecord, list_runs
from dashboards import context

SHOWN_RUNS = 10


def published_build() -> BuildInfo | None:
    """Return the build that readers get now; asked on every run of a page, so never cached."""
    return current_build(context.settings())


def runs_of(company_id: str) -> list[RunRecord]:
    """Return the newest runs, with this company's part of the reconciliation alone."""
    return [record.for_company(company_id) for record in list_runs(context.settings(), limit=SHOWN_RUNS)]


@st.cache_data(max_entries=200, ttl="1h", show_spinner=False)
def load_accuracy(company_id: str, build_id: str) -> list[dict[str, Any]]:
    """Return the forecasts' measured accuracy by model, the baseline beside them."""
    del build_id
    try:
        with open_snapshot(context.settings(), company_id) as snapshot:
            return snapshot.rows("select * from srv_forecast_accuracy order by is_baseline, wape")
    except NothingPublished:
        return []


@st.cache_data(max_entries=200, ttl="1h", show_spinner=False)
def load_recommendation_accuracy(company_id: str, build_id: str) -> list[dict[str, Any]]:
    """Return the recommender's measured accuracy, the baselines beside it."""
    del build_id
    try:
        with open_snapshot(context.settings(), company_id) as snapshot:
            return snapshot.rows("select * from srv_recommendation_accuracy order by is_baseline, model_name")
    except NothingPublished:
        return []
