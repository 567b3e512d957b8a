"""Show the lake to Spark: the statements that define `raw` and `model_results` on its Parquet files.

The counterpart of `core.warehouse.define_sources`. Spark is not opened here: dbt runs the statements where
the marts are built (`dbt run-operation define_sources`), on this machine or on a cluster that reads the same
files under another address. Columns are declared, so that Spark opens no file to learn them, and a column
that an older segment has not is empty there.
"""

import pyarrow as pa

from core.lake import PULL_NUMBER, LakeTable, Manifest, newest_result
from core.results import RESULTS
from core.settings import Settings
from pipelines.feed.catalogue import carry

_RESULT_TYPES = {"varchar": "string", "timestamptz": "timestamp"}
_COLUMN_TYPES: dict[pa.DataType, str] = {
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.binary(): "binary",
}


def spark_source_statements(settings: Settings, manifest: Manifest, *, lake_url: str) -> list[str]:
    """Write the statements; ``lake_url`` is where Spark finds the lake's folder, a path or ``s3a://…``."""
    lake = lake_url.rstrip("/")
    statements = ["create schema if not exists raw", "create schema if not exists model_results"]
    for table in manifest.tables:
        files = [f"{segment.file}" for segment in table.segments]
        statements += _table(f"raw.`{table.name}`", _columns(table), f"{lake}/raw", files)
    statements.append(
        f"create or replace view raw.feed_pull as select '{manifest.pull_id}' as pull_id,"
        f" timestamp '{manifest.horizon_at.isoformat()}' as snapshot_at"
    )
    for result, kinds in RESULTS.items():
        columns = {name: _RESULT_TYPES.get(kind, kind) for name, kind in kinds.items()}
        newest = newest_result(settings, result)
        files = [newest.name] if newest else []
        statements += _table(f"model_results.{result}", columns, f"{lake}/models/{result}", files)
    return statements


def _columns(table: LakeTable) -> dict[str, str]:
    kinds = {column.name: carry(table.name, column).lake_type for column in table.columns}
    return {name: _column_type(kind) for name, kind in kinds.items()} | {PULL_NUMBER: "bigint"}


def _column_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return _COLUMN_TYPES[kind]


def _table(name: str, columns: dict[str, str], folder: str, files: list[str]) -> list[str]:
    """An external table on exactly these files; dropping it drops no file."""
    declared = ", ".join(f"`{column}` {kind}" for column, kind in columns.items())
    drop = f"drop table if exists {name}"
    if not files:
        return [drop, f"create table {name} ({declared}) using parquet"]
    chosen = files[0] if len(files) == 1 else "{" + ",".join(files) + "}"
    path = f"{folder}/{chosen}".replace("'", "\\'")
    return [drop, f"create table {name} ({declared}) using parquet options (path '{path}')"]
