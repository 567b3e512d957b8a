"""The data health page: runs, reconciliation, tests and accuracy, of one's own company."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest

from core import runs
from core.runs import ReconciliationRecord, RunLog, StepRecord
from tests.support.companies import Company
from tests.support.pages import Pages, figure, words

ADMIN = "company_admin@acme.example"
STARTED = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def reconciled(company: Company, table: str, rows: int, *, is_equal: bool = True) -> ReconciliationRecord:
    return ReconciliationRecord(
        company_id=str(company.id), table=table, rows_source=rows, rows_lake=rows if is_equal else rows - 1,
        units_source=0, units_warehouse=0, cents_source=0, cents_warehouse=0, is_equal=is_equal,
    )  # fmt: skip


FEED = runs.FeedRecord(
    pull_id="1", horizon_at=STARTED, lag_seconds=7200, oldest_open_seconds=61, rows=4711, bytes=2000,
    seconds=1, tables=(
        runs.FedTableRecord(
            table="orders", rows=4711, bytes=2000, seconds=1, lake_rows=5000, lake_bytes=3000, segments=2
        ),
    ),
)  # fmt: skip


def volume(company: Company, table: str, rows: int, status: Literal["usual", "sudden"]) -> runs.VolumeRecord:
    return runs.VolumeRecord(
        company_id=str(company.id), table=table, day=date(2026, 11, 20), rows=rows, usual_rows=50,
        least_rows=21.7, most_rows=78.3, weeks=8, status=status,
    )  # fmt: skip


def record_run(pages: Pages, *, alarms: Sequence[tuple[Company | None, str]] = (), **outcome: Any) -> None:
    """Write the record of a run that compared both companies and ran three tests."""
    log = RunLog(pages.settings, run_id="20261121T060000000-aaaa", kind="incremental", started_at=STARTED)
    log.add_step(StepRecord(name="feed", rows=12_345, seconds=1.5, peak_bytes=100_000_000, detail="9 tables"))
    for company, alarm in alarms:
        log.add_alarm(alarm, company_id=str(company.id) if company else None)
    log.set_reconciliation(
        [
            reconciled(pages.acme, "orders", 17),
            reconciled(pages.acme, "order_lines", 33, is_equal=False),
            reconciled(pages.bolt, "orders", 987_654),
        ]
    )
    log.add_tests(
        [
            runs.TestRecord(name="not_null_orders_id", status="passed", failures=0, message=""),
            runs.TestRecord(name="stock_adds_up", status="failed", failures=3, message="Got 3 results"),
            runs.TestRecord(name="late_orders", status="warned", failures=1, message="Got 1 result"),
        ]
    )
    log.set_feed(FEED)
    log.set_volumes(
        [
            volume(pages.acme, "orders", 12, "sudden"),
            volume(pages.acme, "carts", 50, "usual"),
            volume(pages.bolt, "orders", 4711, "usual"),
        ]
    )
    finished_at = STARTED + timedelta(seconds=90)
    if outcome:
        log.fail(**outcome, finished_at=finished_at)
    else:
        log.succeed(build_id="build-1", finished_at=finished_at)


def test_what_is_wrong_comes_first(pages: Pages) -> None:
    record_run(pages)
    pages.log_in(ADMIN)
    at = pages.open("data_health")
    assert figure(at, "Tables compared") == "2 · ✗ 1 differ"
    assert figure(at, "Tests") == "3 · ✗ 1 failed"
    differing, reconciliation, tests, runs, steps = (frame.value for frame in at.dataframe[:5])
    assert differing.values.tolist() == [["order lines", "rows", 33, 32]]
    assert reconciliation["Table"].tolist() == ["order lines", "orders"]
    assert reconciliation["Result"].tolist() == ["✗ differs", "✓ equal"]
    assert reconciliation["Rows"].tolist() == [33, 17]
    assert tests["Result"].tolist() == ["✗ failed", "! warned", "✓ passed"]
    assert runs[["Result", "Kind", "Seconds", "Build"]].values.tolist() == [
        ["✓ ok", "incremental", 90.0, "build-1"]
    ]
    assert steps[["Step", "Rows", "Peak memory (MB)"]].values.tolist() == [["feed", 12_345, 100]]


def test_the_other_companys_counts_are_not_shown(pages: Pages) -> None:
    record_run(pages)
    pages.log_in(ADMIN)
    assert "987654" not in words(pages.open("data_health"))
    pages.log_in("company_admin@bolt.example")
    said = words(pages.open("data_health"))
    assert "987654" in said
    assert "order lines" not in said


def test_unusual_days_come_first_and_the_sum_of_all_companies_is_for_who_runs_the_platform(
    pages: Pages,
) -> None:
    record_run(pages)
    pages.log_in(ADMIN)
    at = pages.open("data_health")
    volumes = next(frame.value for frame in at.dataframe if "Usually" in frame.value)
    assert volumes[["Table", "Result", "Rows", "From", "To"]].values.tolist() == [
        ["orders", "✗ sudden change", 12, 22, 78],
        ["carts", "✓ usual", 50, 22, 78],
    ]
    assert "was 2 hours behind before. A change was under way for 61 seconds." in words(at)
    assert not any("Kilobytes read" in frame.value for frame in at.dataframe)
    assert "4711" not in words(at)


def test_messages_about_another_company_are_for_who_runs_the_platform(pages: Pages) -> None:
    alarms = [
        (pages.bolt, "Settings of Bolt, once Acme, are odd."),
        (pages.acme, "Settings are odd."),
        (None, "A transaction is open."),
    ]
    record_run(pages, alarms=alarms, step="reconcile", reason="Bolt has 987654 orders too many.")
    pages.log_in(ADMIN)
    said = words(pages.open("data_health"))
    assert "Bolt" not in said
    assert "A transaction is open." not in said
    assert "Settings are odd." in said
    assert "The warehouse did not equal the order system." in said
    pages.log_in("root@platform.example")
    said = words(pages.open("data_health", company="acme"))
    assert "Settings of Bolt, once Acme, are odd." in said
    assert "A transaction is open." in said
    assert "Bolt has 987654 orders too many." in said


def test_a_failed_run_says_why_and_that_the_old_numbers_stand(pages: Pages) -> None:
    record_run(pages, step="marts", reason="The test stock_adds_up failed.")
    pages.log_in(ADMIN)
    at = pages.open("data_health")
    assert at.error[0].value == (
        "The last run failed at **marts**: The test stock_adds_up failed."
        " Readers still get the build before it."
    )
    assert "build build-1" in words(at)
    assert at.dataframe[3].value["Reason"].tolist() == ["The test stock_adds_up failed."]


def test_the_forecast_stands_beside_its_baseline(pages: Pages) -> None:
    record_run(pages)
    pages.log_in(ADMIN)
    frames = [frame.value for frame in pages.open("data_health").dataframe]
    accuracy = next(frame for frame in frames if "wape" in frame)
    assert accuracy[["model", "role", "wape"]].values.tolist() == [
        ["Sells now and then (TSB)", "model", pytest.approx(80.0)],
        ["Last week's same day", "baseline", pytest.approx(110.0)],
    ]


def test_before_the_first_run_it_says_how_to_make_one(unpublished: Pages) -> None:
    unpublished.log_in(ADMIN)
    at = unpublished.open("data_health")
    assert "No run is on record yet" in words(at)
    assert not at.dataframe
