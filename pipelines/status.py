"""What a person asks about the numbers: how old they are, how the last rounds went, whether they add up."""

from dataclasses import dataclass
from datetime import datetime

from core.lake import read_manifest
from core.progress import Progress, SilentProgress
from core.published import current_build
from core.runs import ReconciliationRecord, list_runs
from core.settings import Settings
from core.warehouse import define_sources, hold_warehouse
from pipelines import reconcile as reconciliation
from pipelines.feed.errors import FeedError

_SHOWN_RUNS = 10


@dataclass(frozen=True)
class RunLine:
    """One round in the list."""

    run_id: str
    kind: str
    status: str
    started_at: datetime
    seconds: float | None
    failed_step: str | None
    reason: str | None


@dataclass(frozen=True)
class StatusReport:
    """The published build and the newest rounds."""

    build_id: str | None
    built_at: datetime | None
    horizon_at: datetime | None
    fed_until: datetime | None
    fed_rows: int | None
    fed_bytes: int | None
    fed_seconds: float | None
    oldest_open_transaction_seconds: float | None
    rounds: list[RunLine]


@dataclass(frozen=True)
class Difference:
    """One table of one company that does not add up."""

    company_id: str
    table: str
    rows_source: int
    rows_warehouse: int
    units_source: int
    units_warehouse: int
    cents_source: int
    cents_warehouse: int


@dataclass(frozen=True)
class ReconcileReport:
    """The warehouse against what PostgreSQL counted in the last pull's snapshot."""

    ok: bool
    pull_id: str
    horizon_at: datetime
    compared_totals: int
    compared_rows: int
    differences: list[Difference]


def read_status(settings: Settings) -> StatusReport:
    """Read what is published and how the last rounds went; works without a database."""
    build = current_build(settings)
    manifest = read_manifest(settings)
    runs = list_runs(settings, limit=_SHOWN_RUNS)
    fed = next((run.feed for run in runs if run.feed is not None), None)
    return StatusReport(
        build_id=build.build_id if build else None,
        built_at=build.built_at if build else None,
        horizon_at=build.horizon_at if build else None,
        fed_until=manifest.horizon_at if manifest else None,
        fed_rows=fed.rows if fed else None,
        fed_bytes=fed.bytes if fed else None,
        fed_seconds=fed.seconds if fed else None,
        oldest_open_transaction_seconds=fed.oldest_open_seconds if fed else None,
        rounds=[
            RunLine(
                run_id=run.run_id,
                kind=run.kind,
                status=run.status,
                started_at=run.started_at,
                seconds=(run.finished_at - run.started_at).total_seconds() if run.finished_at else None,
                failed_step=run.failed_step,
                reason=run.reason,
            )
            for run in runs
        ],
    )


def reconcile(settings: Settings, *, progress: Progress | None = None) -> ReconcileReport:
    """Count the warehouse now and compare it with the last pull's control totals.

    What was ordered since that pull is in neither, so nothing but a fault makes a difference.
    """
    manifest = read_manifest(settings)
    if manifest is None:
        raise FeedError("There is nothing to compare: no round has run.", hint="Run: stockwise run")
    with hold_warehouse(settings) as warehouse, (progress or SilentProgress()).step("reconcile"):
        define_sources(warehouse, manifest)
        lines = reconciliation.reconcile(warehouse, manifest)
    differences = [_difference(line) for line in lines if not line.is_equal]
    return ReconcileReport(
        ok=not differences,
        pull_id=manifest.pull_id,
        horizon_at=manifest.horizon_at,
        compared_totals=len(lines),
        compared_rows=sum(line.rows_source for line in lines),
        differences=differences,
    )


def _difference(line: ReconciliationRecord) -> Difference:
    return Difference(
        company_id=line.company_id,
        table=line.table,
        rows_source=line.rows_source,
        rows_warehouse=line.rows_lake,
        units_source=line.units_source,
        units_warehouse=line.units_warehouse,
        cents_source=line.cents_source,
        cents_warehouse=line.cents_warehouse,
    )
