"""The log of runs: whole at every step, newest first, and honest about runs that were killed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.runs import (
    KEPT_RUNS,
    Alarm,
    ReconciliationRecord,
    RunLog,
    StepRecord,
    close_abandoned_runs,
    list_runs,
)
from core.runs import TestRecord as DataTest
from core.settings import Settings, load_settings

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"home": tmp_path})


def start(settings: Settings, run_id: str) -> RunLog:
    return RunLog(settings, run_id=run_id, kind="incremental", started_at=NOW)


def line(company_id: str) -> ReconciliationRecord:
    return ReconciliationRecord(
        company_id=company_id,
        table="orders",
        rows_source=1,
        rows_lake=1,
        units_source=0,
        units_warehouse=0,
        cents_source=5,
        cents_warehouse=5,
        is_equal=True,
    )


def test_every_step_is_readable_while_the_run_goes_on(settings: Settings) -> None:
    log = start(settings, "1")
    step = StepRecord(name="feed", rows=3, seconds=0.5, peak_bytes=10, detail="what changed")
    log.add_step(step)
    log.add_alarm("A transaction is open.")
    log.add_tests([DataTest(name="grain", status="passed", failures=0, message="")])
    (run,) = list_runs(settings)
    assert (run.status, run.steps, run.alarms) == (
        "running",
        (step,),
        (Alarm(message="A transaction is open."),),
    )
    log.succeed(build_id="b", finished_at=NOW)
    (run,) = list_runs(settings)
    assert (run.status, run.build_id, run.finished_at) == ("ok", "b", NOW)


def test_a_company_sees_its_own_totals_only(settings: Settings) -> None:
    log = start(settings, "1")
    log.set_reconciliation([line("a"), line("b")])
    log.add_alarm("A transaction is open.")
    log.add_alarm("Settings of Ann & Bob are odd.", company_id="a")
    log.add_alarm("Settings of Bob are odd.", company_id="b")
    seen = list_runs(settings)[0].for_company("b")
    assert [one.company_id for one in seen.reconciliation] == ["b"]
    assert [alarm.message for alarm in seen.alarms] == ["Settings of Bob are odd."]


def test_the_newest_runs_come_first_and_only_as_many_as_asked(settings: Settings) -> None:
    for run_id in ("1", "3", "2"):
        start(settings, run_id).succeed(build_id=None, finished_at=NOW)
    assert [run.run_id for run in list_runs(settings, limit=2)] == ["3", "2"]


def test_a_run_whose_process_is_gone_counts_as_failed_and_is_closed_by_the_next(settings: Settings) -> None:
    log = start(settings, "1")
    log.add_step(StepRecord(name="feed", rows=0, seconds=0, peak_bytes=0, detail=""))
    file = settings.runs_folder / "1.json"
    gone = log.record.model_copy(update={"process_id": 2**22 + 1})
    file.write_text(gone.model_dump_json())
    (run,) = list_runs(settings)
    assert (run.status, run.failed_step) == ("failed", "after feed")
    close_abandoned_runs(settings)
    assert '"status": "failed"' in file.read_text()


def test_a_file_that_is_no_record_is_passed_over(settings: Settings) -> None:
    start(settings, "1")
    (settings.runs_folder / "2.json").write_text("{")
    assert [run.run_id for run in list_runs(settings)] == ["1"]


def test_the_oldest_records_are_dropped(settings: Settings) -> None:
    start(settings, "0000").succeed(build_id=None, finished_at=NOW)
    record = (settings.runs_folder / "0000.json").read_text()
    for number in range(1, KEPT_RUNS + 5):
        (settings.runs_folder / f"{number:04d}.json").write_text(record)
    close_abandoned_runs(settings)
    assert len(list(settings.runs_folder.glob("*.json"))) == KEPT_RUNS
    assert not (settings.runs_folder / "0000.json").exists()
