"""One read-only snapshot of the database, in which everything of a pull is read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.lake import ControlTotal, LakeTable, OpenTransaction, Source
from core.postgres.adbc import connect_adbc
from pipelines.feed.catalogue import CATALOGUE_SQL, quote, read_tables
from pipelines.feed.errors import FeedError
from pipelines.feed.totals import source_totals_sql

# Everything committed before now() is in: the snapshot is taken after the transaction's start.
# A snapshot's lower end is an open transaction or the next one: its lock tells. pg_stat_activity shows when
# others' transactions began only to members of pg_read_all_stats.
_BOUNDS_SQL = """
select
    pg_is_in_recovery() as is_standby,
    now() as horizon_at,
    pg_current_snapshot()::text as snapshot,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_open_xid,
    exists (
        select from pg_locks
        where
            locktype = 'transactionid'
            and granted
            and transactionid::text::bigint
            = pg_snapshot_xmin(pg_current_snapshot())::text::bigint & 4294967295
    ) as is_open,
    (select min(xact_start) from pg_stat_activity where backend_xid is not null) as oldest_start,
    (select system_identifier::text from pg_control_system()) as system_identifier,
    case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end as timeline,
    (select oid::bigint from pg_database where datname = current_database()) as database_oid
"""


@dataclass(frozen=True)
class Bounds:
    """What the snapshot is: its text, its time, its database, and the oldest transaction still open."""

    snapshot: str
    horizon_at: datetime
    source: Source
    oldest_open: OpenTransaction | None


class SourceSnapshot:
    """An open snapshot; made by `open_snapshot`."""

    def __init__(self, dsn: str) -> None:
        self._connection = connect_adbc(dsn, autocommit=True)
        try:
            self._cursor = self._connection.cursor()
            self._cursor.execute("begin isolation level repeatable read read only")
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """End the transaction; nothing was written."""
        self._cursor.close()
        self._connection.close()

    def bounds(self) -> Bounds:
        """Take the snapshot: the first statement decides what all later ones see.

        Raises
        ------
        FeedError
            On a standby, whose transaction ids are not its own.
        """
        row = self._rows(_BOUNDS_SQL)[0]
        if row["is_standby"]:
            raise FeedError(
                "The feed reads from the primary server only; this one is a standby.",
                hint="Let DATABASE_URL name the primary.",
            )
        return Bounds(
            snapshot=row["snapshot"],
            horizon_at=row["horizon_at"],
            source=Source(
                system_identifier=row["system_identifier"],
                timeline=row["timeline"],
                database_oid=row["database_oid"],
            ),
            oldest_open=_oldest_open(row),
        )

    def tables(self) -> tuple[LakeTable, ...]:
        """List the fed tables as they are declared now."""
        tables = read_tables(self._rows(CATALOGUE_SQL))
        if not tables:
            raise FeedError(
                "The database has no tables that the feed may read.",
                hint="Run 'stockwise migrate': it makes the tables.",
            )
        return tables

    def company_ids(self) -> dict[str, str]:
        """The id of each company, by its slug."""
        rows = self._rows("select slug::text as slug, id::text as company_id from companies")
        return {row["slug"]: row["company_id"] for row in rows}

    def totals(self, tables: tuple[LakeTable, ...]) -> tuple[ControlTotal, ...]:
        """Count rows, units and cents per company and table."""
        return tuple(
            ControlTotal(
                company_id=row["company_id"],
                table=row["table_name"],
                rows=row["row_count"],
                units=row["units"],
                cents=row["cents"],
            )
            for row in sorted(
                self._rows(source_totals_sql(tables)), key=lambda row: (row["table_name"], row["company_id"])
            )
        )

    def count(self, conditions: Mapping[str, str]) -> dict[str, int]:
        """Count each table's rows under its condition."""
        selects = [
            f"select '{name}'::text as table_name, count(*) as row_count from {quote(name)} where {condition}"
            for name, condition in conditions.items()
        ]
        return {row["table_name"]: row["row_count"] for row in self._rows(" union all ".join(selects))}

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """Stream a query's rows; one query at a time."""
        self._cursor.execute(query)
        yield from self._cursor.fetch_record_batch()

    def _rows(self, query: str) -> list[dict[str, Any]]:
        self._cursor.execute(query)
        rows: list[dict[str, Any]] = self._cursor.fetch_arrow_table().to_pylist()
        return rows


@contextmanager
def open_snapshot(dsn: str) -> Iterator[SourceSnapshot]:
    """Hold one snapshot while the block runs."""
    snapshot = SourceSnapshot(dsn)
    try:
        yield snapshot
    finally:
        snapshot.close()


def _oldest_open(row: dict[str, Any]) -> OpenTransaction | None:
    """The oldest writer still at work, if there is one; where its start is hidden, as of now."""
    if not row["is_open"]:
        return None
    return OpenTransaction.model_validate(
        {"xid": row["oldest_open_xid"], "open_since": row["oldest_start"] or row["horizon_at"]}
    )
