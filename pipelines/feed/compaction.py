"""Merge small segments, so that hundreds of pulls do not become thousands of files.

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
from core.warehouse import open_scratch
from pipelines.feed.segments import count_rows
from pipelines.feed.versions import newest_versions_sql

MOST_SEGMENTS = 16
NO_TOMBSTONES = "(select null as company_id, '' as table_name, null::json as key, 0 as pull_number)"


def compact(settings: Settings, manifest: Manifest, *, most_segments: int) -> Manifest:
    """Merge the segments of tables that have more than ``most_segments``; call it while no one else feeds.

    The first segment is usually nearly everything: it is rewritten only when the later ones have grown to
    half its rows. Tombstones are kept whole, because they still bury versions elsewhere.
    """
    crowded = [table for table in manifest.tables if len(table.segments) > most_segments]
    if not crowded:
        return manifest
    merged = {table.name: _merge(settings, manifest, table) for table in crowded}
    compacted = manifest.model_copy(
        update={"tables": tuple(merged.get(table.name, table) for table in manifest.tables)}
    )
    commit_manifest(settings, compacted)
    remove_unlisted_segments(settings, compacted)
    return compacted


def _merge(settings: Settings, manifest: Manifest, table: LakeTable) -> LakeTable:
    first, later = table.segments[0], table.segments[1:]
    is_rewrite = 2 * sum(segment.rows for segment in later) >= first.rows
    kept, merging = ((), table.segments) if is_rewrite else ((first,), later)
    tombstones = manifest.table("tombstones")
    newest = newest_versions_sql(
        table,
        versions=_relation(settings, merging),
        tombstones=_relation(settings, tombstones.segments) if tombstones else NO_TOMBSTONES,
    )
    name = f"{table.name}/{manifest.pull_number:08d}-merged.parquet"
    file = raw_folder(settings) / name
    with open_scratch(settings) as connection:
        connection.execute(f"copy ({newest}) to {_literal(file)} (format parquet, compression zstd)")
    sync_file(file)
    sync_folder(file.parent)
    return table.model_copy(update={"segments": (*kept, Segment(file=name, rows=count_rows(file)))})


def _relation(settings: Settings, segments: tuple[Segment, ...]) -> str:
    files = ", ".join(_literal(raw_folder(settings) / segment.file) for segment in segments)
    return f"read_parquet([{files}])"


def _literal(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
