"""One pull: what the database committed since the last one, committed to the lake as a whole.

The order makes it safe to kill at any point: segments are forced to disk, then the manifest that names
them and carries the next bound replaces the old one. What a killed pull left is removed by the next.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.lake import (
    LakeTable,
    Manifest,
    OpenTransaction,
    Segment,
    commit_manifest,
    raw_folder,
    read_manifest,
    remove_unlisted_segments,
)
from core.locks import LockHeldError, hold_lock
from core.progress import Progress, SilentProgress
from core.settings import Settings
from pipelines.feed.catalogue import needs_reload, require_compatible
from pipelines.feed.compaction import MOST_SEGMENTS, compact
from pipelines.feed.errors import FeedRunningError
from pipelines.feed.segments import select_sql, write_segment
from pipelines.feed.snapshot import Bounds, SourceSnapshot, open_snapshot

LONGEST_OPEN_TRANSACTION = timedelta(minutes=5)

Reached = Callable[[str], None]
"""Told the name of each point at which a pull could be killed; tests kill there."""


@dataclass(frozen=True)
class PullReport:
    """What a pull brought.

    ``alarm`` is a sentence if a transaction has been open for so long that pulls get slow.
    """

    manifest: Manifest
    is_reload: bool
    rows_by_table: dict[str, int]
    removed_files: int
    alarm: str | None

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.rows_by_table.values())


def pull(
    settings: Settings,
    dsn: str,
    *,
    full: bool = False,
    progress: Progress | None = None,
    reached: Reached = lambda point: None,
    most_segments: int = MOST_SEGMENTS,
) -> PullReport:
    """Bring the lake to a snapshot of the database that is taken now.

    Parameters
    ----------
    dsn : str
        Connection string of the reader's role.
    full : bool
        Read everything again and forget what the lake knew; also accepts a changed schema.
    most_segments : int
        Files of one table beyond which they are merged.

    Raises
    ------
    FeedRunningError
        If another pull is at work.
    FeedSchemaError
        If a known column was removed or changed its type; the lake is as it was.
    """
    try:
        with hold_lock(settings.lake_folder / ".lock"):
            report = _pull(settings, dsn, full=full, progress=progress or SilentProgress(), reached=reached)
            compacted = compact(settings, report.manifest, most_segments=most_segments)
            return replace(report, manifest=compacted)
    except LockHeldError as error:
        raise FeedRunningError(
            f"Another feed is writing the lake (process {error.holder}).",
            hint="Wait until it has ended; a killed one frees the lake by itself.",
        ) from None


def _pull(settings: Settings, dsn: str, *, full: bool, progress: Progress, reached: Reached) -> PullReport:
    known = read_manifest(settings)
    removed = remove_unlisted_segments(settings, known)
    with open_snapshot(dsn) as snapshot:
        bounds = snapshot.bounds()
        found = snapshot.tables()
        is_reload = full or known is None or known.source != bounds.source
        last = None if is_reload else known
        if last is not None:
            require_compatible(last.tables, found)
        pull_number = known.pull_number + 1 if known else 1
        with progress.step("feed: read what changed", total=len(found)) as step:
            tables: list[LakeTable] = []
            rows_by_table: dict[str, int] = {}
            for table in found:
                fed, rows = _feed_table(settings, snapshot, table, last=last, pull_number=pull_number)
                tables.append(fed)
                rows_by_table[table.name] = rows
                reached(f"table {table.name}")
                step.advance()
                step.note(f"{sum(rows_by_table.values()):,} rows")
        reached("tables")
        totals = snapshot.totals(found)
    manifest = Manifest(
        generation=last.generation if last else uuid.uuid4().hex,
        pull_number=pull_number,
        pull_id=f"{bounds.horizon_at:%Y%m%dT%H%M%S}-{pull_number:06d}",
        snapshot=bounds.snapshot,
        source=bounds.source,
        horizon_at=bounds.horizon_at,
        oldest_open=_open_since(bounds, last),
        tables=tuple(tables),
        totals=totals,
    )
    reached("before commit")
    commit_manifest(settings, manifest)
    reached("committed")
    removed += remove_unlisted_segments(settings, manifest)
    return PullReport(
        manifest=manifest,
        is_reload=is_reload,
        rows_by_table=rows_by_table,
        removed_files=removed,
        alarm=_alarm(manifest.oldest_open, bounds.horizon_at),
    )


def _feed_table(
    settings: Settings,
    snapshot: SourceSnapshot,
    table: LakeTable,
    *,
    last: Manifest | None,
    pull_number: int,
) -> tuple[LakeTable, int]:
    """Write the table's new segment; an increment without rows leaves none."""
    known = last.table(table.name) if last else None
    is_whole = table.is_whole or needs_reload(known, table)
    since = None if is_whole or last is None else last.snapshot
    name = f"{table.name}/{pull_number:08d}.parquet"
    file = raw_folder(settings) / name
    batches = snapshot.batches(select_sql(table, since=since))
    rows = write_segment(file, table, batches, pull_number=pull_number)
    kept = known.segments if known and not is_whole else ()
    if rows == 0 and kept:
        file.unlink()
        return table.model_copy(update={"segments": kept}), 0
    return table.model_copy(update={"segments": (*kept, Segment(file=name, rows=rows))}), rows


def _open_since(bounds: Bounds, last: Manifest | None) -> OpenTransaction | None:
    """Remember when the oldest open transaction was first seen, since its true start may be hidden."""
    now = bounds.oldest_open
    before = last.oldest_open if last else None
    if now is not None and before is not None and now.xid == before.xid:
        return OpenTransaction(xid=now.xid, open_since=min(now.open_since, before.open_since))
    return now


def _alarm(oldest_open: OpenTransaction | None, horizon_at: datetime) -> str | None:
    if oldest_open is None or horizon_at - oldest_open.open_since < LONGEST_OPEN_TRANSACTION:
        return None
    minutes = (horizon_at - oldest_open.open_since).total_seconds() / 60
    return (
        f"A transaction (id {oldest_open.xid}) has been open for {minutes:.0f} minutes: what it writes is "
        "not in yet, and every pull reads further back. End it, or find out why it stays open."
    )
