"""How much the next pull would bring, without taking it."""

from core.lake import LakeTable, Manifest, read_manifest
from core.settings import Settings
from pipelines.feed.catalogue import needs_reload, require_compatible
from pipelines.feed.segments import new_rows_condition
from pipelines.feed.snapshot import open_snapshot


def count_pending(settings: Settings, dsn: str, *, full: bool = False) -> dict[str, int]:
    """Count the rows per table that a pull would read now; tables without news are left out."""
    known = read_manifest(settings)
    with open_snapshot(dsn) as snapshot:
        bounds = snapshot.bounds()
        found = snapshot.tables()
        last = None if full or known is None or known.source != bounds.source else known
        if last is not None:
            require_compatible(last.tables, found)
        counts = snapshot.count({table.name: _condition(table, last) for table in found})
    return {name: rows for name, rows in counts.items() if rows}


def has_news(settings: Settings, dsn: str) -> bool:
    """Whether events were committed since the last pull; cheap enough to ask every few seconds."""
    known = read_manifest(settings)
    if known is None:
        return True
    with open_snapshot(dsn) as snapshot:
        if snapshot.bounds().source != known.source:
            return True
        return bool(snapshot.count({"events": new_rows_condition(known.snapshot)})["events"])


def _condition(table: LakeTable, last: Manifest | None) -> str:
    known = last.table(table.name) if last else None
    if last is None or table.is_whole or needs_reload(known, table):
        return "true"
    return new_rows_condition(last.snapshot)
