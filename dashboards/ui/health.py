"""Tables of the data health page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.runs import RunRecord

_ORDER = {"failed": 0, "warned": 1, "passed": 2}
_SIGNS = {"failed": "✗ failed", "warned": "! warned", "passed": "✓ passed"}


def run_rows(runs: list[RunRecord]) -> list[dict[str, Any]]:
    """One row per run, newest first."""
    return [
        {
            "Started (UTC)": f"{run.started_at:%Y-%m-%d %H:%M:%S}",
            "Kind": run.kind,
            "Status": run.status,
            "Seconds": None
            if run.finished_at is None
            else round((run.finished_at - run.started_at).total_seconds(), 1),
            "Build": run.build_id,
            "Reason": run.reason,
        }
        for run in runs
    ]


def step_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per step of a run."""
    return [
        {
            "Step": step.name,
            "Rows": step.rows,
            "Seconds": round(step.seconds, 2),
            "Peak memory (MB)": round(step.peak_bytes / 1e6),
            "Detail": step.detail,
        }
        for step in run.steps
    ]


def reconciliation_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per table; differences first."""
    lines = sorted(run.reconciliation, key=lambda line: (line.is_equal, line.table))
    return [
        {
            "Table": line.table,
            "Result": "✓ equal" if line.is_equal else "✗ differs",
            "Rows": line.rows_source,
            "Rows in the lake": line.rows_lake,
            "Units": line.units_source,
            "Units in the warehouse": line.units_warehouse,
            "Cents": line.cents_source,
            "Cents in the warehouse": line.cents_warehouse,
        }
        for line in lines
    ]


def test_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per data test; failed ones first."""
    tests = sorted(run.tests, key=lambda test: (_ORDER[test.status], test.name))
    return [
        {"Result": _SIGNS[test.status], "Test": test.name, "Failures": test.failures, "Message": test.message}
        for test in tests
    ]


def accuracy_columns() -> dict[str, Any]:
    """Headings of the accuracy table."""
    ratio = st.column_config.NumberColumn
    return {
        "model_name": "Model",
        "is_baseline": st.column_config.CheckboxColumn("Baseline"),
        "wape": ratio("WAPE", format="percent"),
        "bias_ratio": ratio("Bias", format="percent"),
        "rmsse": ratio("RMSSE", format="%.3f"),
        "coverage_p10_p90_ratio": ratio("8-of-10 band held", format="percent"),
        "company_id": None,
        "run_id": None,
        "computed_at": None,
    }
