"""Load frames into PostgreSQL by the hundred thousand rows.

PostgreSQL refuses COPY into a table with row-level security, so rows are copied into a temporary table
of the same column types and inserted from there, under the same policies, keys and triggers as any row.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any, LiteralString, cast

import polars as pl
from psycopg import sql

from core.postgres.connect import Connection

CHUNK_ROWS = 100_000
NULL_MARK = "\\N"
_UTC_FORMAT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def insert_frame(
    connection: Connection,
    table: str,
    frame: pl.DataFrame,
    *,
    company_id: str,
    is_all_new: bool = False,
    on_rows: Callable[[int], None] | None = None,
) -> int:
    """Insert the frame's rows into a tenant table and return how many were new.

    The frame's columns are named as the table's, without ``company_id``. A row whose key is there already
    is left as it is, so that a repeated load changes nothing.

    Parameters
    ----------
    is_all_new : bool
        A key that is there already is an error; not to look for it in every index first saves a third.
    on_rows : callable, optional
        Told the number of rows after each chunk.
    """
    if frame.is_empty():
        return 0
    staging = sql.Identifier(f"staged_{table}")
    columns = [sql.Identifier(name) for name in frame.columns]
    _create_staging(connection, table, staging, columns)
    insert = _insert_statement(table, staging, columns, company_id, is_all_new=is_all_new)
    inserted = 0
    for chunk in frame.iter_slices(CHUNK_ROWS):
        copy_frame(connection, staging, chunk)
        inserted += connection.execute(insert).rowcount
        connection.execute(sql.SQL("truncate {}").format(staging))
        if on_rows is not None:
            on_rows(chunk.height)
    connection.execute(sql.SQL("drop table {}").format(staging))
    return inserted


def stage_frame(connection: Connection, table: str, frame: pl.DataFrame) -> sql.Identifier:
    """Copy the frame into a temporary table with the column types of ``table``, and return its name."""
    staging = sql.Identifier(f"staged_{table}")
    _create_staging(connection, table, staging, [sql.Identifier(name) for name in frame.columns])
    copy_frame(connection, staging, frame)
    return staging


def copy_frame(connection: Connection, target: sql.Identifier, frame: pl.DataFrame) -> None:
    """Copy the frame into a table without row-level security, as CSV: the fastest text both sides speak.

    Instants are in UTC; JSON and bytes are strings in the frame, as PostgreSQL writes them.
    """
    statement = sql.SQL("copy {} ({}) from stdin (format csv, null {})").format(
        target, sql.SQL(", ").join(map(sql.Identifier, frame.columns)), sql.Literal(NULL_MARK)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for part in frame.iter_slices(CHUNK_ROWS // 4):
            text = io.BytesIO()
            part.write_csv(text, include_header=False, null_value=NULL_MARK, datetime_format=_UTC_FORMAT)
            copy.write(text.getbuffer())


def read_frame(
    connection: Connection,
    query: sql.Composed | LiteralString,
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
) -> pl.DataFrame:
    """Read a query's rows, which are few or narrow, into a frame of this schema."""
    rows = connection.execute(cast(Any, query)).fetchall()
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def copy_query(
    connection: Connection, query: LiteralString, schema: Mapping[str, type[pl.DataType]]
) -> pl.DataFrame:
    """Read a long and narrow answer through COPY."""
    text = io.BytesIO()
    statement = sql.SQL("copy ({}) to stdout (format csv)").format(sql.SQL(query))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            text.write(block)
    if not text.tell():
        return pl.DataFrame(schema=schema)
    text.seek(0)
    return pl.read_csv(text, has_header=False, schema=schema)


def _create_staging(
    connection: Connection, table: str, staging: sql.Identifier, columns: list[sql.Identifier]
) -> None:
    connection.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} with no data").format(
            staging, sql.SQL(", ").join(columns), sql.Identifier(table)
        )
    )


def _insert_statement(
    table: str,
    staging: sql.Identifier,
    columns: list[sql.Identifier],
    company_id: str,
    *,
    is_all_new: bool,
) -> sql.Composed:
    targets = [sql.Identifier("company_id"), *columns]
    values = [sql.Literal(company_id), *columns]
    insert = sql.SQL("insert into {} ({}) select {} from {}").format(
        sql.Identifier(table), sql.SQL(", ").join(targets), sql.SQL(", ").join(values), staging
    )
    return insert if is_all_new else insert + sql.SQL(" on conflict do nothing")
