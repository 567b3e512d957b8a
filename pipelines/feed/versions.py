"""From all versions of a table's rows to the rows as the last pull saw them."""

from core.lake import PULL_NUMBER, LakeTable, Manifest
from core.settings import Settings
from core.warehouse import segments_sql
from pipelines.feed.catalogue import quote
from pipelines.feed.totals import company_column


def newest_versions_sql(table: LakeTable, *, versions: str, tombstones: str) -> str:
    """Select of each key the version of the newest pull, unless a later pull brought its tombstone.

    A tombstone of the same pull does not count: what a pull saw beside it was inserted again.
    ``versions`` and ``tombstones`` are relations of DuckDB with the tables' columns.
    """
    if table.is_whole:
        return f"select * from {versions}"
    company = company_column(table)
    identity = ", ".join(quote(column) for column in table.key)
    newest = f"select * from {versions}"
    if len(table.segments) > 1:
        newest += f" qualify row_number() over (partition by {identity} order by {PULL_NUMBER} desc) = 1"
    matches = [
        f"newest.{quote(column)} = (tombstones.key ->> '{column}')"
        for column in table.key
        if column not in ("company_id", company)
    ]
    buried = " and ".join(
        [
            f"tombstones.table_name = '{table.name}'",
            f"tombstones.company_id = newest.{quote(company)}",
            f"tombstones.{PULL_NUMBER} > newest.{PULL_NUMBER}",
            *matches,
        ]
    )
    return (
        f"select newest.* from ({newest}) as newest"
        f" where not exists (select 1 from {tombstones} as tombstones where {buried})"
    )


def tombstones_sql(settings: Settings, manifest: Manifest) -> str:
    """Relation of a lake's tombstones; an empty one if they are not fed."""
    tombstones = manifest.table("tombstones")
    if tombstones is None:
        columns = f"null as company_id, '' as table_name, null::json as key, 0 as {PULL_NUMBER}"
        return f"(select {columns} where false)"
    return segments_sql(settings, tombstones)
