"""Be the one round at work: the warehouse's lock, a run id and a run log."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from core.lake import read_manifest
from core.progress import Progress
from core.runs import RunKind, RunLog, close_abandoned_runs
from core.settings import Settings
from core.warehouse import hold_warehouse
from pipelines.steps import Round


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
) -> Iterator[Round]:
    """Be the one round at work, with a log of its own."""
    with hold_warehouse(settings) as warehouse:
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
        )
