"""Merge segments, so that hundreds of pulls do not become thousands of files and nobody stays in old ones.

A merge keeps the newest version of each key and leaves out rows that a later tombstone deleted, so what was
erased in PostgreSQL also leaves the lake's files. It is committed like a pull: segment first, manifest last.
"""

from pathlib import Path

from core.lake import (
    LakeTable,
    Manifest,
    Segment,
    commit_manifest,
    raw_folder,
    remove_unlisted_segments,
    sync_file,
    sync_folder,
)
from core.settings import Settings
from core.warehouse import open_scratch, segments_sql
from pipelines.feed.forgetting import tables_to_forget
from pipelines.feed.segments import count_rows
from pipelines.feed.totals import company_column
from pipelines.feed.versions import newest_versions_sql, tombstones_sql

MOST_SEGMENTS = 16


def compact(settings: Settings, manifest: Manifest, *, most_segments: int) -> Manifest:
    """Merge the segments of tables that have more than ``most_segments``; call it while no one else feeds.

    The first segment is usually nearly everything: it is rewritten only when the later ones have grown to
    half its rows, or when it may hold what was erased since. Tombstones are kept whole, because they still
    bury versions elsewhere.
    """
    stale = tables_to_forget(settings, manifest)
    crowded = {table.name for table in manifest.tables if len(table.segments) > most_segments}
    if not stale and not crowded and not manifest.forgetting:
        return manifest
    tables = [
        _merge(settings, manifest, table, is_whole=table.name in stale)
        if table.name in stale | crowded
        else table
        for table in manifest.tables
    ]
    compacted = manifest.model_copy(update={"tables": tuple(tables), "forgetting": ()})
    commit_manifest(settings, compacted)
    remove_unlisted_segments(settings, compacted)
    return compacted


def without_company(
    settings: Settings, table: LakeTable, company_id: str, *, pull_number: int
) -> tuple[Segment, ...]:
    """Write a table's segments anew without one company's rows; they stay as they are if it has none."""
    relation = segments_sql(settings, table)
    is_own = f"{company_column(table)} = '{company_id}'"
    with open_scratch(settings) as connection:
        found = connection.execute(f"select 1 from {relation} where {is_own} limit 1").fetchone()
    if found is None:
        return table.segments
    others = f"select * from {relation} where not {is_own}"
    return (_write(settings, f"{table.name}/{pull_number:08d}-others.parquet", others),)


def _merge(settings: Settings, manifest: Manifest, table: LakeTable, *, is_whole: bool) -> LakeTable:
    first, later = table.segments[0], table.segments[1:]
    is_rewrite = is_whole or 2 * sum(segment.rows for segment in later) >= first.rows
    kept, merging = ((), table.segments) if is_rewrite else ((first,), later)
    newest = newest_versions_sql(
        table,
        versions=segments_sql(settings, table, merging),
        tombstones=tombstones_sql(settings, manifest),
    )
    merged = _write(settings, f"{table.name}/{manifest.pull_number:08d}-merged.parquet", newest)
    return table.model_copy(update={"segments": (*kept, merged)})


def _write(settings: Settings, name: str, query: str) -> Segment:
    file = raw_folder(settings) / name
    with open_scratch(settings) as connection:
        connection.execute(f"copy ({query}) to {_literal(file)} (format parquet, compression zstd)")
    sync_file(file)
    sync_folder(file.parent)
    return Segment(file=name, rows=count_rows(file))


def _literal(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
