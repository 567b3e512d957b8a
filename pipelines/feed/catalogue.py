"""Which tables are fed and how their columns travel, read from PostgreSQL's catalogue.

A table is fed if the reader may see it and it has a ``row_xid``; ``stock_levels`` has none and is read
whole (DESIGN, "Feed"). Nothing here knows a table by its columns, so a new table needs no change.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from core.lake import LakeColumn, LakeTable
from pipelines.feed.errors import FeedSchemaError

ROW_XID = "row_xid"
WHOLE_TABLES = ("stock_levels",)
# Never read: the law keeps the document, with its buyer's name; the warehouse has no use for it.
UNFED_COLUMNS = ("invoices.document",)

CATALOGUE_SQL = """
select
    class.relname::text as table_name,
    class.relfilenode::bigint as storage,
    attribute.attname::text as column_name,
    format_type(attribute.atttypid, attribute.atttypmod) as postgres_type,
    attribute.attnum::int as number,
    attribute.attgenerated = 'v' as is_computed,
    (attribute.attmissingval::text::text [])[1] as missing_value,
    coalesce(array_position(key.conkey, attribute.attnum), 0)::int as key_position
from pg_class as class
inner join pg_attribute as attribute
    on class.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
inner join pg_constraint as key on class.oid = key.conrelid and key.contype = 'p'
where
    class.relnamespace = 'public'::regnamespace
    and class.relkind = 'r'
    and has_table_privilege(class.oid, 'select')
    and (
        class.relname = any ('{whole_tables}'::text [])
        or exists (
            select from pg_attribute as mark
            where mark.attrelid = class.oid and mark.attname = 'row_xid' and not mark.attisdropped
        )
    )
    and class.relname || '.' || attribute.attname <> all ('{unfed_columns}'::text [])
order by class.relname, attribute.attnum
""".replace("{whole_tables}", "{" + ",".join(WHOLE_TABLES) + "}").replace(
    "{unfed_columns}", "{" + ",".join(UNFED_COLUMNS) + "}"
)

_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_MOST_DIGITS_IN_INT64 = 18
_PLAIN_TYPES: dict[str, pa.DataType] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    "bytea": pa.binary(),
}


@dataclass(frozen=True)
class Carriage:
    """How a column travels: the SQL that reads it and the type it has in the lake.

    A decimal comes as a whole number of its smallest parts (ADBC would send text, at half the rate);
    ``scale`` says how many digits stand behind the point.
    """

    expression: str
    lake_type: pa.DataType

    @property
    def is_decimal(self) -> bool:
        """Whether the batch holds whole numbers that are meant as decimals."""
        return bool(pa.types.is_decimal(self.lake_type))


def read_tables(rows: Sequence[dict[str, Any]]) -> tuple[LakeTable, ...]:
    """Make tables without segments from the catalogue's rows."""
    names = list(dict.fromkeys(row["table_name"] for row in rows))
    return tuple(_table(name, [row for row in rows if row["table_name"] == name]) for name in names)


def carry(table: str, column: LakeColumn) -> Carriage:
    """Say how a column travels.

    Raises
    ------
    FeedSchemaError
        If the feed has no lossless way for its type.
    """
    name = quote(column.name)
    kind = column.postgres_type
    if kind in _PLAIN_TYPES:
        return Carriage(name, _PLAIN_TYPES[kind])
    if kind in ("uuid", "jsonb", "json") or kind.startswith(("character", "char")):
        return Carriage(f"{name}::text", pa.string())
    if kind == "xid8":
        return Carriage(f"{name}::text::bigint", pa.int64())
    match = _NUMERIC.fullmatch(kind)
    if match and int(match[1]) <= _MOST_DIGITS_IN_INT64:
        digits, scale = int(match[1]), int(match[2])
        return Carriage(f"({name} * {10**scale})::bigint", pa.decimal128(digits, scale))
    raise FeedSchemaError(
        f"The feed cannot carry {table}.{column.name} of type {kind}.",
        hint="Give the column one of the types that the other tables use.",
    )


def require_compatible(known: Sequence[LakeTable], found: Sequence[LakeTable]) -> None:
    """Refuse a schema in which something that the lake knows is gone or of another type.

    New tables and columns are welcome: a table is read whole, a column continues (`continue_columns`).

    Raises
    ------
    FeedSchemaError
        Naming the first table or column.
    """
    found_by_name = {table.name: table for table in found}
    for table in known:
        now = found_by_name.get(table.name)
        if now is None:
            raise FeedSchemaError(
                f"The table {table.name} was removed, or the reader may no longer see it.",
                hint="If that was meant, run 'stockwise run --full': the lake is then read anew.",
            )
        if now.key != table.key:
            raise _changed(table, f"The primary key of {table.name} changed to ({', '.join(now.key)}).")
        for column in table.columns:
            _require_column(table, column, now)


def continue_columns(known: LakeTable, found: LakeTable, *, pull_number: int) -> LakeTable:
    """Let a table's columns go on from what the lake knows; those that are new begin with this pull."""
    before = {column.name: column for column in known.columns}
    columns = tuple(
        column.model_copy(
            update={
                "since_pull": before[column.name].since_pull,
                "missing_value": before[column.name].missing_value,
            }
            if column.name in before
            else {"since_pull": pull_number}
        )
        for column in found.columns
    )
    return found.model_copy(update={"columns": columns, "read_whole_at": known.read_whole_at})


def begin_columns(found: LakeTable, *, read_whole_at: int) -> LakeTable:
    """Let a table begin with rows that carry every column."""
    columns = tuple(column.model_copy(update={"missing_value": None}) for column in found.columns)
    return found.model_copy(update={"columns": columns, "read_whole_at": read_whole_at})


def needs_reload(known: LakeTable | None, found: LakeTable) -> bool:
    """Whether the lake's segments can't be continued: the table is new, or its file is another.

    A truncated, rewritten or restored table changes without tombstones. A new column needs no reload, as
    PostgreSQL says what its old rows hold, unless that is computed row by row, or bytes.
    """
    if known is None or not known.segments or known.storage != found.storage:
        return True
    before = {column.name for column in known.columns}
    added = [column for column in found.columns if column.name not in before]
    is_told = not any(
        column.is_computed or (column.postgres_type == "bytea" and column.missing_value is not None)
        for column in added
    )
    return not is_told or any(f"{known.name}.{name}" in UNFED_COLUMNS for name in before)


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _table(name: str, rows: list[dict[str, Any]]) -> LakeTable:
    keys = sorted((row["key_position"], row["column_name"]) for row in rows)
    return LakeTable(
        name=name,
        key=tuple(column for position, column in keys if position > 0),
        columns=tuple(
            LakeColumn(
                name=row["column_name"],
                postgres_type=row["postgres_type"],
                number=row["number"],
                is_computed=row["is_computed"],
                missing_value=row["missing_value"],
            )
            for row in rows
        ),
        is_whole=name in WHOLE_TABLES,
        storage=rows[0]["storage"],
        segments=(),
    )


def _require_column(table: LakeTable, column: LakeColumn, now: LakeTable) -> None:
    name = f"{table.name}.{column.name}"
    found = next((one for one in now.columns if one.name == column.name), None)
    if name in UNFED_COLUMNS:
        return
    if found is None:
        raise _changed(table, f"The column {name} was removed.")
    if found.postgres_type != column.postgres_type:
        raise _changed(table, f"The column {name} is {found.postgres_type} now, was {column.postgres_type}.")
    if column.number and found.number != column.number:
        raise _changed(table, f"The column {name} was removed and made anew.")


def _changed(table: LakeTable, message: str) -> FeedSchemaError:
    return FeedSchemaError(
        message,
        hint=f"If that was meant, run 'stockwise feed backfill --table {table.name}': it is then read anew.",
    )
