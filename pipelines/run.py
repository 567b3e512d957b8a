"""One full round in this process, without a Dagster server, and what the command line asks about rounds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import StockwiseError
from core.postgres.server import Server, open_server
from core.progress import Progress, SilentProgress
from core.settings import Settings
from pipelines.feed.pending import count_pending
from pipelines.rounds import hold_round
from pipelines.status import read_status, reconcile
from pipelines.steps import STEPS, Round, run_step
from pipelines.web import open_dagster

__all__ = ["RoundResult", "Step", "open_dagster", "read_status", "reconcile", "run_round"]


@dataclass(frozen=True)
class Step:
    """One step: what it handled, how long it took, and the most memory the process held meanwhile."""

    name: str
    rows: int
    seconds: float
    peak_bytes: int
    detail: str


@dataclass(frozen=True)
class RoundResult:
    """How a round went; on failure ``reason`` says why, and what was published before stays."""

    ok: bool
    run_id: str
    build_id: str | None
    failed_step: str | None
    reason: str | None
    alarms: list[str]
    steps: list[Step]


def run_round(
    settings: Settings,
    *,
    server: Server | None = None,
    database: str | None = None,
    dry_run: bool = False,
    full: bool = False,
    wait: timedelta = timedelta(0),
    progress: Progress | None = None,
    reached: Callable[[str], None] = lambda point: None,
) -> RoundResult:
    """Feed, build, forecast, plan, recommend and publish; stop at the first failure.

    Parameters
    ----------
    server, database : Server and str, optional
        An open server and another database than its own; both by default from the settings.
    dry_run : bool
        Count what the feed would bring, and write nothing.
    full : bool
        Read, build and compute everything anew; the first round is full by itself.
    wait : timedelta
        How long to wait for a round at work to end.
    reached : callable
        Told the name of each point at which a round could be killed; tests kill there.

    Raises
    ------
    WarehouseBusyError
        If another round is at work after that; nothing was done.
    """
    with _server(settings, server) as opened:
        dsn = opened.dsn("reader", database)
        if dry_run:
            return _preview(settings, dsn, full=full)
        with hold_round(
            settings, dsn, full=full, progress=progress or SilentProgress(), reached=reached, wait=wait
        ) as work:
            return run_steps(work)


def run_steps(work: Round) -> RoundResult:
    """Run all steps in order; a refusal ends the round, an unknown error ends it and is raised."""
    for step in STEPS:
        try:
            run_step(step, work)
        except StockwiseError as error:
            work.log.fail(step=step.name, reason=error.message, finished_at=datetime.now(UTC))
            return _result(work)
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            work.log.fail(step=step.name, reason=reason, finished_at=datetime.now(UTC))
            raise
    work.log.succeed(build_id=work.run_id, finished_at=datetime.now(UTC))
    return _result(work)


@contextmanager
def _server(settings: Settings, server: Server | None) -> Iterator[Server]:
    if server is not None:
        yield server
        return
    with open_server(settings) as opened:
        yield opened


def _preview(settings: Settings, dsn: str, *, full: bool) -> RoundResult:
    pending = count_pending(settings, dsn, full=full)
    detail = ", ".join(f"{rows:,} {table}" for table, rows in pending.items()) or "nothing new"
    step = Step(name="feed", rows=sum(pending.values()), seconds=0.0, peak_bytes=0, detail=detail)
    return RoundResult(
        ok=True, run_id="", build_id=None, failed_step=None, reason=None, alarms=[], steps=[step]
    )


def _result(work: Round) -> RoundResult:
    record = work.log.record
    return RoundResult(
        ok=record.status == "ok",
        run_id=record.run_id,
        build_id=record.build_id,
        failed_step=record.failed_step,
        reason=record.reason,
        alarms=[alarm.message for alarm in record.alarms],
        steps=[
            Step(step.name, step.rows, step.seconds, step.peak_bytes, step.detail) for step in record.steps
        ],
    )
