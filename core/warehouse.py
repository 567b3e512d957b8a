"""The warehouse: one DuckDB file with one writer, opened here only.

`hold_warehouse` takes the lock for a whole run; within it connections come and go, because dbt opens the
file itself and DuckDB wants every connection of a process to have the same configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import StockwiseError
from core.lake import PULL_NUMBER, LakeColumn, LakeTable, Manifest, Segment, newest_result, raw_folder
from core.locks import LockHeldError, hold_lock
from core.results import RESULTS
from core.settings import Settings

MEMORY_LIMIT = "3GB"
ENGINE_VERSION = f"duckdb {duckdb.__version__}"

WarehouseConnection = duckdb.DuckDBPyConnection
EngineError = duckdb.Error
"""What DuckDB raises: a full disk, a file that is no database, a wrong query."""


class WarehouseBusyError(StockwiseError):
    """A run is writing the warehouse."""


class Warehouse:
    """The warehouse of a run that holds the lock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.file = settings.warehouse_file

    @contextmanager
    def connect(self) -> Iterator[WarehouseConnection]:
        """Open the file for writing; closed at the end of the block."""
        with _connect(str(self.file), self.settings) as connection:
            yield connection

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Answer one question with a table; parameters are written ``$name``."""
        with self.connect() as connection:
            # Not `sql`: it reads from the question as from a table, and then ``order by`` may be lost.
            return connection.execute(sql, dict(parameters or {})).to_arrow_table()

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """Answer one question that has few rows."""
        rows: list[dict[str, Any]] = self.query(sql, parameters).to_pylist()
        return rows


@contextmanager
def hold_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """Be the one writer while the block runs.

    Raises
    ------
    WarehouseBusyError
        At once, if another run is at work.
    """
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with hold_lock(lock_file(settings)):
            yield Warehouse(settings)
    except LockHeldError as error:
        raise WarehouseBusyError(
            f"Another run is at work (process {error.holder}).",
            hint="Wait until it has ended, or end that process: a killed run leaves nothing to repair.",
        ) from None


def lock_file(settings: Settings) -> Path:
    """The file that a run holds."""
    return settings.warehouse_file.parent / ".lock"


@contextmanager
def open_scratch(settings: Settings) -> Iterator[WarehouseConnection]:
    """Open a database in memory, to work on files with the warehouse's limits."""
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)  # what does not fit is kept there
    with _connect(":memory:", settings) as connection:
        yield connection


def count_rows(warehouse: Warehouse, schemas: Sequence[str]) -> int:
    """Rows of all tables in these schemas, as the catalogue knows them; views hold none."""
    rows = warehouse.rows(
        "select coalesce(sum(estimated_size), 0)::bigint as row_count from duckdb_tables()"
        " where list_contains($schemas, schema_name)",
        {"schemas": list(schemas)},
    )
    return int(rows[0]["row_count"])


def define_sources(warehouse: Warehouse, manifest: Manifest) -> None:
    """Point the views ``raw.*`` at the manifest's segments and ``model_results.*`` at the newest results."""
    settings = warehouse.settings
    with warehouse.connect() as connection:
        connection.execute("create schema if not exists raw")
        connection.execute("create schema if not exists model_results")
        for table in manifest.tables:
            connection.execute(
                f'create or replace view raw."{table.name}" as select * from {segments_sql(settings, table)}'
            )
        connection.execute(
            f"create or replace view raw.feed_pull as select '{manifest.pull_id}' as pull_id,"
            f" '{manifest.horizon_at.isoformat()}'::timestamptz as snapshot_at"
        )
        for result, columns in RESULTS.items():
            select = _result_sql(newest_result(settings, result), columns)
            connection.execute(f"create or replace view model_results.{result} as {select}")


def segments_sql(settings: Settings, table: LakeTable, segments: Sequence[Segment] | None = None) -> str:
    """Relation of all versions in a table's segments, or in some of them, with every column of the table.

    Where a column came later than some of the files, its rows from before have the value that PostgreSQL
    gave them.
    """
    chosen = table.segments if segments is None else segments
    files = _list([str(raw_folder(settings) / segment.file) for segment in chosen])
    later = [column for column in table.columns if column.since_pull]
    if not later:
        return f"read_parquet({files})"
    filled = [_filled(column) for column in later if column.missing_value is not None]
    replaced = f" replace ({', '.join(filled)})" if filled else ""
    return f"(select *{replaced} from read_parquet({files}, union_by_name = true))"


@contextmanager
def _connect(database: str, settings: Settings) -> Iterator[WarehouseConnection]:
    connection = duckdb.connect(
        database,
        config={
            "threads": settings.models_threads,
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(settings.warehouse_file.parent / "temporary"),
            "preserve_insertion_order": False,
        },
    )
    try:
        connection.execute("set global TimeZone = 'UTC'")  # known only once the file is open
        yield connection
    finally:
        connection.close()


def _result_sql(file: Path | None, columns: dict[str, str]) -> str:
    """Read a result with the registered types; a column that an older release did not write is empty."""
    if file is None:
        empty = ", ".join(f"null::{kind} as {name}" for name, kind in columns.items())
        return f"select {empty} where false"
    present = set(pq.read_schema(file).names)
    typed = ", ".join(
        f"{name if name in present else 'null'}::{kind} as {name}" for name, kind in columns.items()
    )
    return f"select {typed} from read_parquet({_list([str(file)])})"


def _filled(column: LakeColumn) -> str:
    """A later column, with its value in rows from before it."""
    text = (column.missing_value or "").replace("'", "''")
    kind = "varchar" if column.postgres_type in ("uuid", "json", "jsonb") else column.postgres_type
    return (
        f"case when {PULL_NUMBER} < {column.since_pull} then '{text}'::{kind}"
        f' else "{column.name}" end as "{column.name}"'
    )


def _list(files: Sequence[str]) -> str:
    return "[" + ", ".join("'" + file.replace("'", "''") + "'" for file in files) + "]"
