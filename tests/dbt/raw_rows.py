"""Raw tables of a handful of rows, as the feed would have left them, and a warehouse on top of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from api.tables import metadata
from core.lake import PULL_NUMBER, LakeColumn, LakeTable, Manifest, Segment, Source, raw_folder
from core.settings import Settings, load_settings
from core.warehouse import Warehouse, define_sources, hold_warehouse
from pipelines.feed.catalogue import WHOLE_TABLES, carry

_DIALECT = postgresql.dialect()


class RawRows:
    """Rows to be fed, by table; a column that a row does not name has PostgreSQL's default."""

    def __init__(self, *, pulled_at: datetime) -> None:
        self.pulled_at = pulled_at
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _fed_tables()}

    def add(self, table: str, /, *, pull: int = 1, **values: Any) -> None:
        """Add one version of a row, brought by the pull with that number."""
        columns = _fed_tables()[table].columns
        unknown = values.keys() - columns.keys()
        assert not unknown, f"{table} has no {unknown}"
        row = {column.name: _default(column) for column in columns} | values
        self._rows[table].append(row | {PULL_NUMBER: pull})

    def change(self, table: str, where: Mapping[str, str], /, **values: Any) -> None:
        """Change columns of all versions of the rows that ``where`` names."""
        for row in self._rows[table]:
            if where.items() <= row.items():
                row.update(values)

    def write(self, settings: Settings) -> Manifest:
        """Write every table as one segment and return the manifest that lists them."""
        tables = tuple(self._write_table(settings, name) for name in self._rows)
        return Manifest(
            generation="test",
            pull_number=2,
            pull_id="pull-2",
            snapshot="1:1:",
            source=Source(system_identifier="1", timeline="1", database_oid=1),
            horizon_at=self.pulled_at,
            oldest_open=None,
            tables=tables,
            totals=(),
        )

    def _write_table(self, settings: Settings, name: str) -> LakeTable:
        table = _fed_tables()[name]
        columns = tuple(
            LakeColumn(name=column.name, postgres_type=_spell(column)) for column in table.columns
        )
        kinds = [(column.name, carry(name, column).lake_type) for column in columns]
        file = raw_folder(settings) / name / "pull-2.parquet"
        file.parent.mkdir(parents=True)
        schema = pa.schema([*kinds, (PULL_NUMBER, pa.int64())])
        pq.write_table(pa.Table.from_pylist(self._rows[name], schema=schema), file)
        return LakeTable(
            name=name,
            key=tuple(column.name for column in table.primary_key if column.name != "company_id"),
            columns=columns,
            is_whole=name in WHOLE_TABLES,
            storage=1,
            segments=(Segment(file=f"{name}/pull-2.parquet", rows=len(self._rows[name])),),
        )


@contextmanager
def open_warehouse(home: Path, rows: RawRows) -> Iterator[Warehouse]:
    """Hold a warehouse whose raw views show ``rows`` and whose model results are empty."""
    settings = load_settings({"home": home, "models_threads": 2})
    with hold_warehouse(settings) as warehouse:
        define_sources(warehouse, rows.write(settings))
        yield warehouse


def utc(text: str) -> datetime:
    """Read an instant in UTC: ``utc("2025-03-29 23:30")``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    """Read a day: ``day("2025-03-29")``."""
    return date.fromisoformat(text)


def _fed_tables() -> dict[str, sa.Table]:
    return {
        table.name: table
        for table in metadata.sorted_tables
        if table.info.get("fed") or table.name in WHOLE_TABLES
    }


def _spell(column: sa.Column[Any]) -> str:
    """Spell a type as PostgreSQL's catalogue does."""
    spelling = str(column.type.compile(dialect=_DIALECT)).lower().replace(", ", ",")
    return spelling.replace("char(3)", "character(3)")


def _default(column: sa.Column[Any]) -> object:
    if column.nullable:
        return None
    if column.server_default is None:
        return _zero(column)
    text = str(getattr(column.server_default.arg, "text", column.server_default.arg))
    if text in ("true", "false"):
        return text == "true"
    if "(" in text:  # now(), uuidv7(), pg_current_xact_id()
        return _zero(column)
    if text.lstrip("-").isdigit():
        return _zero(column, text)
    return text.removesuffix("::jsonb").strip("'")


def _zero(column: sa.Column[Any], text: str = "0") -> object:
    spelling = _spell(column)
    if spelling.startswith("timestamp"):
        return utc("2025-01-01 00:00")
    if spelling.startswith("numeric"):
        return Decimal(text)
    if spelling in ("integer", "bigint", "xid8"):
        return int(text)
    return "" if spelling != "boolean" else False
