"""Which tables are fed and how their columns travel, read from PostgreSQL's catalogue.

A table is fed if the reader may see it and it has a ``row_xid``; ``stock_levels`` has none and is read
whole (DESIGN, "Feed"). Nothing here knows a table by its columns, so a new table needs no change.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from core.lake import LakeColumn, LakeTable
from pipelines.feed.errors import FeedSchemaError

ROW_XID = "row_xid"
WHOLE_TABLES = ("stock_levels",)

CATALOGUE_SQL = """
select
    class.relname::text as table_name,
    class.relfilenode::bigint as storage,
    attribute.attname::text as column_name,
    format_type(attribute.atttypid, attribute.atttypmod) as postgres_type,
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
order by class.relname, attribute.attnum
""".replace("{whole_tables}", "{" + ",".join(WHOLE_TABLES) + "}")

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


def read_tables(rows: Sequence[dict[str, object]]) -> tuple[LakeTable, ...]:
    """Make tables without segments from the catalogue's rows."""
    names = list(dict.fromkeys(str(row["table_name"]) for row in rows))
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

    New tables and columns are welcome: `needs_reload` has them read whole.

    Raises
    ------
    FeedSchemaError
        Naming the first table or column.
    """
    found_by_name = {table.name: table for table in found}
    for table in known:
        now = found_by_name.get(table.name)
        if now is None:
            raise _changed(f"The table {table.name} was removed, or the reader may no longer see it.")
        if now.key != table.key:
            raise _changed(f"The primary key of {table.name} changed to ({', '.join(now.key)}).")
        types = {column.name: column.postgres_type for column in now.columns}
        for column in table.columns:
            if column.name not in types:
                raise _changed(f"The column {table.name}.{column.name} was removed.")
            if types[column.name] != column.postgres_type:
                raise _changed(
                    f"The column {table.name}.{column.name} is {types[column.name]} now, "
                    f"was {column.postgres_type}."
                )


def needs_reload(known: LakeTable | None, found: LakeTable) -> bool:
    """Whether the lake's segments can't be continued: the table or a column is new, or its file is another.

    ``add column … default`` fills old rows without touching their ``row_xid``; a truncated or restored
    table changes without tombstones. Such a table is read again.
    """
    return (
        known is None
        or not known.segments
        or known.storage != found.storage
        or set(known.columns) != set(found.columns)
    )


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _table(name: str, rows: list[dict[str, object]]) -> LakeTable:
    keys = sorted((int(str(row["key_position"])), str(row["column_name"])) for row in rows)
    return LakeTable(
        name=name,
        key=tuple(column for position, column in keys if position > 0),
        columns=tuple(
            LakeColumn(name=str(row["column_name"]), postgres_type=str(row["postgres_type"])) for row in rows
        ),
        is_whole=name in WHOLE_TABLES,
        storage=int(str(rows[0]["storage"])),
        segments=(),
    )


def _changed(message: str) -> FeedSchemaError:
    return FeedSchemaError(
        message, hint="If that was meant, run 'stockwise run --full': the lake is then read anew."
    )
