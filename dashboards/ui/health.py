"""Tables of the data health page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.runs import ReconciliationRecord, RunRecord
from dashboards.ui.words import known, local

_ORDER = {"failed": 0, "warned": 1, "passed": 2}
_TEST_SIGNS = {"failed": "✗ failed", "warned": "! warned", "passed": "✓ passed"}
_RUN_SIGNS = {"failed": "✗ failed", "running": "… running", "ok": "✓ ok"}


def show_last_run(run: RunRecord) -> None:
    """Show what came of the newest run: failure, alarms, reconciliation and tests."""
    if run.status == "failed":
        st.error(
            f"The last run failed at **{run.failed_step}**: {run.reason}"
            " Readers still get the build before it.",
            icon=":material/error:",
        )
    for alarm in run.alarms:
        st.warning(alarm.message, icon=":material/notification_important:")
    reconciliation, tests = st.columns(2)
    reconciliation.subheader("Does it agree with the order system?")
    tests.subheader("Do the data tests pass?")
    with reconciliation:
        _show_reconciliation(run)
    with tests:
        _show_tests(run)


def _show_reconciliation(run: RunRecord) -> None:
    if not run.reconciliation:
        st.info("This run did not get as far as the comparison.", icon=":material/inbox:")
        return
    differing = [line for line in run.reconciliation if not line.is_equal]
    word = f"✗ {len(differing)} differ" if differing else "✓ all equal"
    st.metric("Tables compared", f"{len(run.reconciliation)} · {word}", border=True)
    if differing:
        st.dataframe(
            difference_rows(differing),
            column_config=dict.fromkeys(_SIDES, st.column_config.NumberColumn(format="localized")),
            hide_index=True,
            alt="Counts that differ, in the order system and in the warehouse",
        )
    st.dataframe(
        reconciliation_rows(run),
        column_config={
            "Table": st.column_config.TextColumn(pinned=True),
            **dict.fromkeys(_COUNTS, st.column_config.NumberColumn(format="localized")),
        },
        hide_index=True,
        alt="Rows, units and cents of each table in the order system, and whether the warehouse has the same",
    )


def _show_tests(run: RunRecord) -> None:
    if not run.tests:
        st.info("This run did not get as far as the tests.", icon=":material/inbox:")
        return
    failing = [test for test in run.tests if test.status == "failed"]
    word = f"✗ {len(failing)} failed" if failing else "✓ none failed"
    st.metric("Tests", f"{len(run.tests)} · {word}", border=True)
    st.dataframe(test_rows(run), hide_index=True, alt="Data tests, failed ones first")


_COUNTS = ("Rows", "Units", "Cents")
_SIDES = ("Order system", "Warehouse")


def run_rows(runs: list[RunRecord], timezone: str) -> list[dict[str, Any]]:
    """One row per run, newest first."""
    return [
        {
            f"Started ({timezone})": local(run.started_at, timezone),
            "Result": _RUN_SIGNS[run.status],
            "Kind": run.kind,
            "Seconds": None
            if run.finished_at is None
            else round((run.finished_at - run.started_at).total_seconds(), 1),
            "Build": known(run.build_id),
            "Reason": known(run.reason),
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


def step_columns() -> dict[str, Any]:
    """Headings of the steps' table."""
    number = st.column_config.NumberColumn
    return {
        "Step": st.column_config.TextColumn(pinned=True),
        "Rows": number(format="localized"),
        "Seconds": number(format="%.2f"),
        "Peak memory (MB)": number(format="localized"),
    }


def reconciliation_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per table as the order system counts it; differences first."""
    lines = sorted(run.reconciliation, key=lambda line: (line.is_equal, line.table))
    return [
        {
            "Table": line.table.replace("_", " "),
            "Result": "✓ equal" if line.is_equal else "✗ differs",
            "Rows": line.rows_source,
            "Units": line.units_source,
            "Cents": line.cents_source,
        }
        for line in lines
    ]


def difference_rows(lines: Sequence[ReconciliationRecord]) -> list[dict[str, Any]]:
    """One row per count that is not that of the order system."""
    return [
        {"Table": line.table.replace("_", " "), "Count": count, "Order system": there, "Warehouse": here}
        for line in lines
        for count, there, here in (
            ("rows", line.rows_source, line.rows_lake),
            ("units", line.units_source, line.units_warehouse),
            ("cents", line.cents_source, line.cents_warehouse),
        )
        if here != there
    ]


def test_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per data test; failed ones first."""
    tests = sorted(run.tests, key=lambda test: (_ORDER[test.status], test.name))
    return [
        {
            "Result": _TEST_SIGNS[test.status],
            "Test": test.name.replace("_", " "),
            "Rows at fault": test.failures,
            "Message": test.message or "–",
        }
        for test in tests
    ]
