"""Write what a query returns as one durable Parquet segment, batch by batch."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.lake import PULL_NUMBER, LakeTable, sync_file, sync_folder
from pipelines.feed.catalogue import Carriage, carry, quote
from pipelines.feed.totals import company_column

_INT64_DIGITS = 19
_CIRCLE = 2**32


def select_sql(table: LakeTable, *, since: str | None, company_id: str | None = None) -> str:
    """Read a table: whole, or what the running snapshot sees and the snapshot ``since`` did not.

    With a company's id, all of its rows come too.
    """
    expressions = ", ".join(
        f"{carry(table.name, column).expression} as {quote(column.name)}" for column in table.columns
    )
    query = f"select {expressions} from {quote(table.name)}"
    if since is None:
        return query
    anew = f" or {quote(company_column(table))} = '{company_id}'::uuid" if company_id else ""
    return f"{query} where {new_rows_condition(since)}{anew}"


def new_rows_condition(since: str) -> str:
    """Tell rows that the snapshot ``since`` did not see.

    The first condition bounds the range of the index, the second decides: a transaction that was open at
    ``since`` lies inside the range and is new, one that had ended lies inside and is not.

    A dump brings numbers that its new server has not given out yet. No snapshot there has seen them, so these
    two would find such a row in every pull, until the server gets there. Of a row ahead of the running
    snapshot, PostgreSQL's own mark of who wrote it here decides (``xmin``: 32 bits, which count in a circle).
    Subtransactions have marks of their own that no snapshot tells of: all from its lower end on are new.
    """
    first = f"pg_snapshot_xmin('{since}'::pg_snapshot)"
    return (
        f"row_xid >= {first} and not pg_visible_in_snapshot(row_xid, '{since}'::pg_snapshot)"
        " and (row_xid < (select pg_snapshot_xmax(pg_current_snapshot()))"
        f" or (xmin::text::bigint - {first}::text::bigint) & {_CIRCLE - 1} < {_CIRCLE // 2})"
    )


def write_segment(
    file: Path, table: LakeTable, batches: Iterable[pa.RecordBatch], *, pull_number: int
) -> int:
    """Write the batches to ``file`` and force them to disk; return how many rows there were.

    Each row carries ``pull_number``: a key comes at most once in a pull, so it orders versions, which
    ``row_xid`` does not (an older transaction may change a row last).
    """
    carriages = {column.name: carry(table.name, column) for column in table.columns}
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with pq.ParquetWriter(
        file, _schema(carriages), compression="zstd", store_decimal_as_integer=True
    ) as writer:
        for batch in batches:
            writer.write_batch(_convert(batch, carriages, writer.schema, pull_number))
            rows += batch.num_rows
    sync_file(file)
    sync_folder(file.parent)
    return rows


def count_rows(file: Path) -> int:
    """Read from a segment's footer how many rows it has."""
    return int(pq.read_metadata(file).num_rows)


def _schema(carriages: Mapping[str, Carriage]) -> pa.Schema:
    fields = [pa.field(name, carriage.lake_type) for name, carriage in carriages.items()]
    return pa.schema([*fields, pa.field(PULL_NUMBER, pa.int64(), nullable=False)])


def _convert(
    batch: pa.RecordBatch, carriages: Mapping[str, Carriage], schema: pa.Schema, pull_number: int
) -> pa.RecordBatch:
    columns = [
        _decimals(column, carriage.lake_type) if carriage.is_decimal else column.cast(carriage.lake_type)
        for column, carriage in zip(batch.columns, carriages.values(), strict=True)
    ]
    columns.append(pa.repeat(pa.scalar(pull_number, pa.int64()), batch.num_rows))
    return pa.record_batch(columns, schema=schema)


def _decimals(whole_numbers: pa.Array, decimal_type: pa.DataType) -> pa.Array:
    """Read whole numbers as decimals: the same digits, the point moved."""
    return whole_numbers.cast(pa.decimal128(_INT64_DIGITS, 0)).view(decimal_type)
