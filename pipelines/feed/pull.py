"""One pull: what the database committed since the last one, committed to the lake as a whole.

The order makes it safe to kill at any point: segments are forced to disk, then the manifest that names
them and carries the next bound replaces the old one. What a killed pull left is removed by the next.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

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
from pipelines.feed.catalogue import begin_columns, continue_columns, needs_reload, require_compatible
from pipelines.feed.compaction import MOST_SEGMENTS, compact, without_company
from pipelines.feed.errors import FeedRunningError
from pipelines.feed.forgetting import companies_with_erasures
from pipelines.feed.lag import feed_alarms
from pipelines.feed.reread import Anew, Reread, find_anew
from pipelines.feed.segments import select_sql, write_segment
from pipelines.feed.snapshot import Bounds, SourceSnapshot, open_snapshot

Reached = Callable[[str], None]
"""Told the name of each point at which a pull could be killed; tests kill there."""


@dataclass(frozen=True)
class Volume:
    """What a pull brought of one table."""

    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class PullReport:
    """What a pull brought.

    ``lag`` is how old the lake was when the pull began, if there was one. ``alarms`` are sentences about
    what makes pulls slow or late.
    """

    manifest: Manifest
    is_reload: bool
    volumes: dict[str, Volume]
    lag: timedelta | None
    removed_files: int
    alarms: tuple[str, ...]

    @property
    def rows_by_table(self) -> dict[str, int]:
        """Rows of each table."""
        return {name: volume.rows for name, volume in self.volumes.items()}

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(volume.rows for volume in self.volumes.values())


@dataclass(frozen=True)
class _Pull:
    """What the tables of one pull share; ``last`` is the lake that it continues, ``None`` in a reload."""

    settings: Settings
    snapshot: SourceSnapshot
    number: int
    last: Manifest | None
    anew: Anew


def pull(
    settings: Settings,
    dsn: str,
    *,
    full: bool = False,
    reread: Reread | None = None,
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
    reread : Reread, optional
        A table or a company to be read anew in the same snapshot; also accepts that table's changed schema.
    most_segments : int
        Files of one table beyond which they are merged.

    Raises
    ------
    FeedRunningError
        If another pull is at work.
    FeedSchemaError
        If a known column was removed or changed its type; the lake is as it was.
    FeedError
        If what was to be read anew is not there.
    """
    try:
        with hold_lock(settings.lake_folder / ".lock"):
            shown = progress or SilentProgress()
            report = _pull(settings, dsn, full=full, reread=reread, progress=shown, reached=reached)
            compacted = compact(settings, report.manifest, most_segments=most_segments)
            return replace(report, manifest=compacted)
    except LockHeldError as error:
        raise FeedRunningError(
            f"Another feed is writing the lake (process {error.holder}).",
            hint="Wait until it has ended; a killed one frees the lake by itself.",
        ) from None


def _pull(
    settings: Settings,
    dsn: str,
    *,
    full: bool,
    reread: Reread | None,
    progress: Progress,
    reached: Reached,
) -> PullReport:
    known = read_manifest(settings)
    removed = remove_unlisted_segments(settings, known)
    with open_snapshot(dsn) as snapshot:
        bounds = snapshot.bounds()
        found = snapshot.tables()
        anew = find_anew(reread, snapshot, found) if reread else Anew()
        last = None if full or known is None or known.source != bounds.source else known
        if last is not None:
            require_compatible([table for table in last.tables if table.name != anew.table], found)
        at_work = _Pull(settings, snapshot, known.pull_number + 1 if known else 1, last, anew)
        tables, volumes = _feed_tables(at_work, found, progress=progress, reached=reached)
        totals = snapshot.totals(found)
    manifest = Manifest(
        generation=last.generation if last else uuid.uuid4().hex,
        pull_number=at_work.number,
        pull_id=f"{bounds.horizon_at:%Y%m%dT%H%M%S}-{at_work.number:06d}",
        snapshot=bounds.snapshot,
        source=bounds.source,
        horizon_at=bounds.horizon_at,
        oldest_open=_open_since(bounds, last),
        forgetting=_forgetting(settings, last, tables),
        tables=tables,
        totals=totals,
    )
    reached("before commit")
    commit_manifest(settings, manifest)
    reached("committed")
    removed += remove_unlisted_segments(settings, manifest)
    lag = bounds.horizon_at - known.horizon_at if known else None
    return PullReport(
        manifest=manifest,
        is_reload=last is None,
        volumes=volumes,
        lag=lag,
        removed_files=removed,
        alarms=feed_alarms(settings, manifest, lag=lag),
    )


def _feed_tables(
    at_work: _Pull, found: Sequence[LakeTable], *, progress: Progress, reached: Reached
) -> tuple[tuple[LakeTable, ...], dict[str, Volume]]:
    tables: list[LakeTable] = []
    volumes: dict[str, Volume] = {}
    with progress.step("feed: read what changed", total=len(found)) as step:
        for table in found:
            started = time.monotonic()
            fed, fresh = _feed_table(at_work, table)
            tables.append(fed)
            volumes[table.name] = Volume(
                rows=fresh.rows if fresh else 0,
                bytes=(raw_folder(at_work.settings) / fresh.file).stat().st_size if fresh else 0,
                seconds=time.monotonic() - started,
            )
            reached(f"table {table.name}")
            step.advance()
            step.note(f"{sum(volume.rows for volume in volumes.values()):,} rows")
    reached("tables")
    return tuple(tables), volumes


def _feed_table(at_work: _Pull, table: LakeTable) -> tuple[LakeTable, Segment | None]:
    """Write the table's new segment, and return it; an increment without news leaves none."""
    known = at_work.last.table(table.name) if at_work.last else None
    is_anew = table.name == at_work.anew.table
    if at_work.last is None or known is None or table.is_whole or is_anew or needs_reload(known, table):
        begun = begin_columns(table, read_whole_at=0 if table.is_whole else at_work.number)
        fresh = _write(at_work, begun, select_sql(begun, since=None))
        return begun.model_copy(update={"segments": (fresh,)}), fresh
    continued = continue_columns(known, table, pull_number=at_work.number)
    kept, company_id = known.segments, at_work.anew.company_id
    if company_id:
        kept = without_company(at_work.settings, known, company_id, pull_number=at_work.number)
        continued = continued.model_copy(update={"read_whole_at": at_work.number})
    query = select_sql(continued, since=at_work.last.snapshot, company_id=company_id)
    fresh = _write(at_work, continued, query)
    # A later column must stand in one file at least, or the files together would not have it.
    if fresh.rows == 0 and len(continued.columns) == len(known.columns):
        (raw_folder(at_work.settings) / fresh.file).unlink()
        return continued.model_copy(update={"segments": kept}), None
    return continued.model_copy(update={"segments": (*kept, fresh)}), fresh


def _write(at_work: _Pull, table: LakeTable, query: str) -> Segment:
    name = f"{table.name}/{at_work.number:08d}.parquet"
    file = raw_folder(at_work.settings) / name
    rows = write_segment(file, table, at_work.snapshot.batches(query), pull_number=at_work.number)
    return Segment(file=name, rows=rows)


def _forgetting(settings: Settings, last: Manifest | None, tables: Sequence[LakeTable]) -> tuple[str, ...]:
    """Companies of which older versions have to leave the files; a reload left none."""
    events = next((table for table in tables if table.name == "events"), None)
    if last is None or events is None:
        return ()
    known = last.table("events")
    fresh = set(events.segments) - set(known.segments if known else ())
    return tuple(sorted({*last.forgetting, *companies_with_erasures(settings, events, fresh)}))


def _open_since(bounds: Bounds, last: Manifest | None) -> OpenTransaction | None:
    """Remember when the oldest open transaction was first seen, since its true start may be hidden."""
    now = bounds.oldest_open
    before = last.oldest_open if last else None
    if now is not None and before is not None and now.xid == before.xid:
        return OpenTransaction(xid=now.xid, open_since=min(now.open_since, before.open_since))
    return now
