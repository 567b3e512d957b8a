"""Be the one round at work: the warehouse's lock, a run id and a run log."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from core.lake import read_manifest
from core.progress import Progress
from core.runs import RunKind, RunLog, close_abandoned_runs
from core.settings import Settings
from core.warehouse import Warehouse, WarehouseBusyError, hold_warehouse
from pipelines.feed.reread import Reread
from pipelines.steps import Round

_ASK_AGAIN_SECONDS = 0.5


def new_run_id(now: datetime) -> str:
    """Name a run so that names sort by time and never repeat."""
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(2)}"


@contextmanager
def hold_round(
    settings: Settings,
    reader_dsn: str,
    *,
    full: bool,
    progress: Progress,
    reached: Callable[[str], None] = lambda point: None,
    reread: Reread | None = None,
    wait: timedelta = timedelta(0),
) -> Iterator[Round]:
    """Be the one round at work, with a log of its own.

    Raises
    ------
    WarehouseBusyError
        If another one is at work still after ``wait``.
    """
    with _hold_in_turn(settings, wait, progress) as warehouse:
        close_abandoned_runs(settings)
        now = datetime.now(UTC)
        run_id = new_run_id(now)
        kind: RunKind = "full" if full or read_manifest(settings) is None else "incremental"
        yield Round(
            settings=settings,
            reader_dsn=reader_dsn,
            warehouse=warehouse,
            run_id=run_id,
            started_at=now,
            is_full=full,
            progress=progress,
            log=RunLog(settings, run_id=run_id, kind=kind, started_at=now),
            reached=reached,
            reread=reread,
        )


@contextmanager
def _hold_in_turn(settings: Settings, wait: timedelta, progress: Progress) -> Iterator[Warehouse]:
    """Take the warehouse's lock, at once or when the round that holds it has ended."""
    deadline = time.monotonic() + wait.total_seconds()
    with ExitStack() as stack:
        waiting = None
        while True:
            try:
                warehouse = stack.enter_context(hold_warehouse(settings))
                break
            except WarehouseBusyError as error:
                if time.monotonic() >= deadline:
                    raise
                if waiting is None:
                    waiting = stack.enter_context(ExitStack())
                    waiting.enter_context(progress.step(f"wait: {error.message}"))
                time.sleep(_ASK_AGAIN_SECONDS)
        if waiting is not None:
            waiting.close()
        yield warehouse
