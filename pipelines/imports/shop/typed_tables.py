"""Turn raw rows into typed ones; what can't be read is kept apart, with the reason."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from pipelines.imports.raw_files import PROBLEM, ImportFileError
from pipelines.imports.shop.layout import TABLES, Column, Kind, Table
from pipelines.imports.shop.mapping import FormatPart, Mapping
from pipelines.imports.shop.raw_tables import LINE, RawTable
from pipelines.imports.shop.values import UNIT_DIGITS, flags, instants, latest_instant, scaled, text

REJECT_SCHEMA: dict[str, type[pl.DataType]] = {
    "file": pl.String,
    "line_number": pl.Int64,
    "table": pl.String,
    "reason": pl.String,
    "row": pl.String,
}
FILE, ROW = "file", "row"
"""Columns of every typed row: where it stands, and what stood there, as JSON."""
_REASON = "reason"
_MOST_UNREADABLE_RATIO, _FEW_ROWS = 0.5, 10
_LARGEST_UNITS = 2**31 - 1
_LONGEST_LEAD = timedelta(days=2 * 365)
_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.UNITS: pl.Int64(),
    Kind.UNIT_AMOUNT: pl.Int64(),
    Kind.AMOUNT: pl.Int64(),
    Kind.RATE: pl.Int64(),
    Kind.INSTANT: pl.Datetime("us", "UTC"),
    Kind.DATE: pl.Date(),
    Kind.FLAG: pl.Boolean(),
}


@dataclass(frozen=True)
class Reading:
    """What the values of a history mean where they don't say so themselves."""

    timezone: str
    amount_digits: int
    now: datetime


@dataclass(frozen=True)
class TypedTables:
    """Rows by table, with `FILE`, `LINE`, `ROW` and the layout's columns; the rejects of all tables."""

    rows: Dictionary[str, pl.DataFrame]
    rejects: pl.DataFrame
    rows_read: Dictionary[str, int]
    sources: Dictionary[str, int]
    merged_rows: Dictionary[str, int]

    def reject(self, table: str, reasons: pl.DataFrame) -> "TypedTables":
        """Move rows to the rejects: ``reasons`` has their `FILE`, `LINE` and ``reason``."""
        if reasons.is_empty():
            return self
        rows = self.rows[table].join(
            reasons.select(FILE, LINE, _REASON).unique([FILE, LINE], keep="first", maintain_order=True),
            on=[FILE, LINE],
            how="left",
            maintain_order="left",
        )
        refused = as_rejects(TABLES[table], rows.filter(pl.col(_REASON).is_not_null()))
        kept = rows.filter(pl.col(_REASON).is_null()).drop(_REASON)
        return replace(self, rows={**self.rows, table: kept}, rejects=pl.concat([self.rejects, refused]))


def type_tables(raw: Sequence[RawTable], mapping: Mapping, reading: Reading) -> TypedTables:
    """Read all values.

    Raises
    ------
    ImportFileError
        If more than half of a file's rows make no sense: it is not what the mapping says.
    """
    rows = {name: _empty(table) for name, table in TABLES.items()}
    rejects = [pl.DataFrame(schema=REJECT_SCHEMA)]
    for one in raw:
        typed = _typed(one, mapping, reading)
        refused = typed.filter(pl.col(_REASON).is_not_null())
        _require_sense(one, refused)
        rejects.append(as_rejects(one.table, refused))
        rows[one.table.name] = typed.filter(pl.col(_REASON).is_null()).drop(_REASON)
    return TypedTables(
        rows,
        pl.concat(rejects),
        {one.table.name: one.frame.height + one.merged_rows for one in raw},
        {one.source: one.frame.height + one.merged_rows for one in raw},
        {one.table.name: one.merged_rows for one in raw},
    )


def as_rejects(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows that have a reason in the columns of the rejects file."""
    return rows.select(
        pl.col(FILE), pl.col(LINE).alias("line_number"), pl.lit(table.name).alias("table"), _REASON, ROW
    ).cast(REJECT_SCHEMA)  # type: ignore[arg-type]


def _typed(raw: RawTable, mapping: Mapping, reading: Reading) -> pl.DataFrame:
    table, frame = raw.table, raw.frame
    written = mapping.format_of(table.name)
    if raw.is_workbook:  # where numbers and text share a column, 1.234 may have been either
        written = written.model_copy(update={"thousands": ""})
    meanings = mapping.part(table.name).values
    columns: dict[str, pl.Series] = {}
    reasons: list[pl.Series] = [frame[PROBLEM]]
    for column in table.columns:
        if column.name not in frame.columns:
            columns[column.name] = pl.Series(column.name, [None] * frame.height, dtype=_TYPES[column.kind])
            continue
        source = frame[column.name]
        if column.name in meanings:
            said = text(source)
            source = said.replace(meanings[column.name])
        value = _read(source, column, written, reading)
        columns[column.name] = value.alias(column.name)
        reasons.append(_fault(text(source), value, column, written, reading))
    first_reason = pl.DataFrame([each.alias(str(n)) for n, each in enumerate(reasons)]).select(
        pl.coalesce(pl.all()).alias(_REASON)
    )
    ours = [column.name for column in table.columns if column.name in frame.columns]
    row = frame.select(pl.struct([pl.col(name).cast(pl.String) for name in ours]).struct.json_encode())
    return pl.DataFrame(list(columns.values())).with_columns(
        pl.lit(raw.source).alias(FILE), frame[LINE], row.to_series().alias(ROW), first_reason.to_series()
    )


def _read(source: pl.Series, column: Column, written: FormatPart, reading: Reading) -> pl.Series:
    match column.kind:
        case Kind.TEXT:
            value = text(source)
            return value.str.to_lowercase() if column.choices else value
        case Kind.UNITS:
            return scaled(source, written, 0)
        case Kind.UNIT_AMOUNT | Kind.RATE:
            return scaled(source, written, UNIT_DIGITS)
        case Kind.AMOUNT:
            return scaled(source, written, reading.amount_digits)
        case Kind.INSTANT:
            return instants(source, written, reading.timezone)
        case Kind.DATE:
            return (
                instants(source, written, reading.timezone).dt.convert_time_zone(reading.timezone).dt.date()
            )
        case Kind.FLAG:
            return flags(source, written)


def _fault(
    said: pl.Series, value: pl.Series, column: Column, written: FormatPart, reading: Reading
) -> pl.Series:
    """Return what is wrong with each value, or null."""
    frame = pl.DataFrame({"said": said, "value": value})
    value_is, is_said = pl.col("value"), pl.col("said").is_not_null()
    name = column.name
    checks: list[tuple[pl.Expr, str]] = []
    if column.is_required:
        checks.append((~is_said, f"{name} is empty"))
    checks.append(
        (is_said & value_is.is_null(), f"{name} is no {column.kind}{_how(column, written, reading)}")
    )
    match column.kind:
        case Kind.TEXT if column.choices:
            checks.append((~value_is.is_in(column.choices), f"{name} is none of {', '.join(column.choices)}"))
        case Kind.UNITS:
            checks.append((value_is.abs() > _LARGEST_UNITS, f"{name} is out of range"))
        case Kind.INSTANT:
            checks += [
                (value_is.dt.date() < written.earliest, f"{name} is before {written.earliest}"),
                (value_is > latest_instant(reading.now), f"{name} lies in the future"),
            ]
        case Kind.DATE:
            checks += [
                (value_is < written.earliest, f"{name} is before {written.earliest}"),
                (value_is > (reading.now + _LONGEST_LEAD).date(), f"{name} lies more than two years ahead"),
            ]
    if column.kind in (Kind.UNITS, Kind.UNIT_AMOUNT, Kind.AMOUNT, Kind.RATE):
        checks.append((value_is < 0, f"{name} is negative"))
    return frame.select(
        pl.coalesce(*(pl.when(bad).then(pl.lit(reason)) for bad, reason in checks))
    ).to_series()


def _how(column: Column, written: FormatPart, reading: Reading) -> str:
    """Say how a value would have to be written."""
    match column.kind:
        case Kind.UNIT_AMOUNT | Kind.RATE:
            return f" with decimal {written.decimal!r} and up to {UNIT_DIGITS} decimals"
        case Kind.AMOUNT:
            return f" with decimal {written.decimal!r} and up to {reading.amount_digits} decimals"
        case Kind.INSTANT | Kind.DATE:
            return f" like {' or '.join(written.dates)}" if written.dates else " as in ISO 8601"
        case _:
            return ""


def _require_sense(raw: RawTable, refused: pl.DataFrame) -> None:
    if refused.height > _MOST_UNREADABLE_RATIO * raw.frame.height and raw.frame.height >= _FEW_ROWS:
        line, reason = refused.select(LINE, _REASON).row(0)
        raise ImportFileError(
            f"{raw.source} is not what the mapping says: {refused.height:,} of {raw.frame.height:,} rows make"
            f" no sense (line {line}: {reason})."
        )


def _empty(table: Table) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {column.name: _TYPES[column.kind] for column in table.columns}
    return pl.DataFrame(schema={**schema, FILE: pl.String(), LINE: pl.Int64(), ROW: pl.String()})
