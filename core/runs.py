"""The log of pipeline runs: one JSON file per run, replaced as a whole at every step.

Written by the pipelines, read by the API, the dashboards and ``stockwise doctor``.
"""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from core.lake import write_atomically
from core.settings import Settings

KEPT_RUNS = 200
RunKind = Literal["full", "incremental"]
RunStatus = Literal["running", "ok", "failed"]
TestStatus = Literal["passed", "warned", "failed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StepRecord(_Frozen):
    """One step: what it handled, how long it took, and the most memory the process held meanwhile."""

    name: str
    rows: int
    seconds: float
    peak_bytes: int
    detail: str


class ReconciliationRecord(_Frozen):
    """One table of one company, counted in PostgreSQL's snapshot, in the lake and in the warehouse."""

    company_id: str
    table: str
    rows_source: int
    rows_lake: int
    units_source: int
    units_warehouse: int
    cents_source: int
    cents_warehouse: int
    is_equal: bool


class FedTableRecord(_Frozen):
    """What one pull brought of a table, and what the lake holds of it then."""

    table: str
    rows: int
    bytes: int
    seconds: float
    lake_rows: int
    lake_bytes: int
    segments: int


class FeedRecord(_Frozen):
    """One pull: all tables have its one horizon; ``lag_seconds`` is how old the lake was before it."""

    pull_id: str
    horizon_at: datetime
    lag_seconds: float | None
    oldest_open_seconds: float | None
    rows: int
    bytes: int
    seconds: float
    tables: tuple[FedTableRecord, ...]


class VolumeRecord(_Frozen):
    """Rows of one company's day beside what the same weekdays before brought."""

    company_id: str
    table: str
    day: date
    rows: int
    usual_rows: float
    least_rows: float
    most_rows: float
    weeks: int
    status: Literal["usual", "unusual", "sudden"]


class TestRecord(_Frozen):
    """One data test of dbt."""

    name: str
    status: TestStatus
    failures: int
    message: str


class Alarm(_Frozen):
    """Something to look at although the run went on; about one company, or (None) about the platform."""

    message: str
    company_id: str | None = None


class RunRecord(_Frozen):
    """One round of the pipelines, as far as it has come."""

    run_id: str
    kind: RunKind
    started_at: datetime
    finished_at: datetime | None = None
    status: RunStatus = "running"
    failed_step: str | None = None
    reason: str | None = None
    build_id: str | None = None
    alarms: tuple[Alarm, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    reconciliation: tuple[ReconciliationRecord, ...] = ()
    tests: tuple[TestRecord, ...] = ()
    feed: FeedRecord | None = None
    volumes: tuple[VolumeRecord, ...] = ()
    host: str = ""
    process_id: int = 0

    def for_company(self, company_id: str) -> "RunRecord":
        """Leave only what one company may see."""
        own = tuple(line for line in self.reconciliation if line.company_id == company_id)
        alarms = tuple(alarm for alarm in self.alarms if alarm.company_id == company_id)
        volumes = tuple(line for line in self.volumes if line.company_id == company_id)
        # How much came is the sum of all companies; how late it came is everybody's.
        feed = self.feed.model_copy(update={"rows": 0, "bytes": 0, "tables": ()}) if self.feed else None
        return self.model_copy(
            update={"reconciliation": own, "alarms": alarms, "volumes": volumes, "feed": feed}
        )


class RunLog:
    """Writes the record of one run; every call leaves a whole file."""

    def __init__(self, settings: Settings, *, run_id: str, kind: RunKind, started_at: datetime) -> None:
        self._settings = settings
        self._steps: list[StepRecord] = []
        self.record = RunRecord(
            run_id=run_id, kind=kind, started_at=started_at, host=socket.gethostname(), process_id=os.getpid()
        )
        self._write()

    def add_step(self, step: StepRecord) -> None:
        """Note a step that ended."""
        self._update(steps=(*self.record.steps, step))

    def add_alarm(self, message: str, *, company_id: str | None = None) -> None:
        """Note something that a person should look at although the run goes on."""
        self._update(alarms=(*self.record.alarms, Alarm(message=message, company_id=company_id)))

    def set_reconciliation(self, lines: Sequence[ReconciliationRecord]) -> None:
        """Note the comparison with the source."""
        self._update(reconciliation=tuple(lines))

    def set_feed(self, feed: FeedRecord) -> None:
        """Note what the pull brought."""
        self._update(feed=feed)

    def set_volumes(self, lines: Sequence[VolumeRecord]) -> None:
        """Note each company's last whole day beside its weekdays before."""
        self._update(volumes=tuple(lines))

    def add_tests(self, tests: Sequence[TestRecord]) -> None:
        """Note data tests, also those that passed."""
        self._update(tests=(*self.record.tests, *tests))

    def succeed(self, *, build_id: str | None, finished_at: datetime) -> None:
        """Close the record of a run that ended well."""
        self._update(status="ok", build_id=build_id, finished_at=finished_at)

    def fail(self, *, step: str, reason: str, finished_at: datetime) -> None:
        """Close the record of a run that published nothing."""
        self._update(status="failed", failed_step=step, reason=reason, finished_at=finished_at)

    def _update(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)
        self._write()

    def _write(self) -> None:
        _write(_file(self._settings, self.record.run_id), self.record)


def list_runs(settings: Settings, *, limit: int = 20) -> list[RunRecord]:
    """The newest runs first; a run whose process is gone counts as failed."""
    files = sorted(settings.runs_folder.glob("*.json"), reverse=True)[:limit]
    return [_as_ended(record) for record in map(_read, files) if record is not None]


def close_abandoned_runs(settings: Settings) -> None:
    """Mark runs that were killed, and drop the oldest records; call it when no run is at work."""
    files = sorted(settings.runs_folder.glob("*.json"), reverse=True)
    for file in files[KEPT_RUNS:]:
        file.unlink()
    for file in files[:KEPT_RUNS]:
        record = _read(file)
        if record is not None and record.status == "running":
            _write(file, _abandoned(record))


def _as_ended(record: RunRecord) -> RunRecord:
    """Tell apart a run at work from one that was killed, where that can be seen from here."""
    if record.status != "running" or record.host != socket.gethostname():
        return record
    try:
        os.kill(record.process_id, 0)
    except ProcessLookupError:
        return _abandoned(record)
    except PermissionError:
        pass
    return record


def _abandoned(record: RunRecord) -> RunRecord:
    last = record.steps[-1].name if record.steps else "the start"
    return record.model_copy(
        update={
            "status": "failed",
            "failed_step": f"after {last}",
            "reason": "The process ended before the run did; nothing was published.",
            "finished_at": datetime.now(UTC),
        }
    )


def _file(settings: Settings, run_id: str) -> Path:
    return settings.runs_folder / f"{run_id}.json"


def _read(file: Path) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None  # dropped meanwhile, or written by another version


def _write(file: Path, record: RunRecord) -> None:
    with write_atomically(file) as draft:
        draft.write_text(record.model_dump_json(indent=1), encoding="utf-8")
