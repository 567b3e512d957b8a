"""A report as one value: what it is about, and tables whose columns know their unit and format.

Rows are held once, in columns (Arrow); the writers walk through them in batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

import pyarrow as pa

from core.money import currency_digits, round_amount, trim_amount

CellFormat = Literal["text", "date", "money", "integer", "decimal", "percent", "days", "boolean"]
BATCH_ROWS: Final = 10_000
NO_VALUE: Final = "–"
_MONEY_DIGITS = 2
_DERIVED_DIGITS = 6
_MOST_DIGITS = 38
_NUMBERS = ("money", "integer", "decimal", "percent", "days")


@dataclass(frozen=True)
class Column:
    """One column: its name in files, its title for people, its unit, how it is written, what it means.

    A key is an id beside its name: programs join by it, and people do not read it.
    """

    name: str
    title: str
    format: CellFormat = "text"
    unit: str = ""
    definition: str = ""
    is_key: bool = False

    @property
    def is_number(self) -> bool:
        return self.format in _NUMBERS

    @property
    def heading(self) -> str:
        """Title with its unit, where the unit is not plain from the title."""
        return f"{self.title} ({self.unit})" if self.format in ("money", "days") and self.unit else self.title


@dataclass(frozen=True)
class Table:
    """Rows under columns; ``totals`` are computed from the sources, never by adding up ratios."""

    name: str
    title: str
    columns: tuple[Column, ...]
    data: pa.Table
    totals: Mapping[str, Any] | None = None
    note: str = ""

    def batches(self) -> Iterator[list[list[Any]]]:
        """Give the rows, a limited number at a time, as one list per column."""
        for batch in self.data.to_batches(max_chunksize=BATCH_ROWS):
            yield [column.to_pylist() for column in batch.columns]

    def readable(self) -> Table:
        """Return the table without its keys: for paper and terminals."""
        return self.with_columns([column for column in self.columns if not column.is_key])

    def with_columns(self, columns: Sequence[Column]) -> Table:
        """Return the table with some of its columns."""
        data = self.data.select([column.name for column in columns])
        return replace(self, columns=tuple(columns), data=data)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows one by one."""
        for columns in self.batches():
            yield from zip(*columns, strict=True)


@dataclass(frozen=True)
class Report:
    """What was asked, of which company and build, and the answer; the first table is the main one."""

    name: str
    title: str
    answers: str
    company_name: str
    currency: str
    timezone: str
    build_id: str
    horizon_at: datetime
    made_at: datetime
    tables: tuple[Table, ...]
    first_date: date | None = None
    last_date: date | None = None
    compared_with: str = ""
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def main(self) -> Table:
        return self.tables[0]

    @property
    def row_count(self) -> int:
        return sum(table.data.num_rows for table in self.tables)

    @property
    def about(self) -> list[tuple[str, str]]:
        """What a reader must know beside the numbers, in the order in which they ask."""
        period = (
            f"{self.first_date} to {self.last_date}, days in {self.timezone}"
            if self.first_date is not None
            else f"as of {_instant(self.horizon_at)}"
        )
        return [
            ("Report", self.title),
            ("Answers", self.answers),
            ("Company", self.company_name),
            ("Period", period),
            *([("Compared with", self.compared_with)] if self.compared_with else []),
            *self.filters,
            ("Currency", self.currency),
            ("Data as of", _instant(self.horizon_at)),
            ("Data version", self.build_id),
            ("Made at", _instant(self.made_at)),
        ]

    @property
    def definitions(self) -> list[tuple[str, str]]:
        """Each figure's title with what it means, once."""
        named = {
            column.title: column.definition
            for table in self.tables
            for column in table.columns
            if column.definition
        }
        return list(named.items())


def make_table(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    *,
    totals: Mapping[str, Any] | None = None,
    note: str = "",
) -> Table:
    """Put rows into columns; what a row holds beside the columns is left out."""
    arrays = [_array([row.get(column.name) for row in rows], column) for column in columns]
    data = pa.Table.from_arrays(arrays, names=[column.name for column in columns])
    return Table(name, title, tuple(columns), data, _totals(totals, columns), note)


def shown(value: Any, column: Column, currency: str) -> str:
    """Write a value for people: grouped digits, shares in percent, money to the cent.

    Examples
    --------
    >>> shown(Decimal("1234.5"), Column("a", "A", "money"), "EUR")
    '1,234.50'
    >>> shown(0.125, Column("b", "B", "percent"), "EUR")
    '12.5 %'
    """
    if value is None:
        return NO_VALUE
    match column.format:
        case "money":
            return f"{round_amount(Decimal(str(value)), currency):,}"
        case "integer":
            return f"{int(value):,}"
        case "decimal" | "days":
            return f"{value:,.2f}"
        case "percent":
            return f"{float(value) * 100:,.1f} %"
        case "boolean":
            return "yes" if value else "no"
        case _:
            return str(value)


def _totals(totals: Mapping[str, Any] | None, columns: Sequence[Column]) -> Mapping[str, Any] | None:
    """Give amounts the decimals that they have in their columns."""
    if totals is None:
        return None
    amounts = {
        column.name: _amount(totals[column.name], column)
        for column in columns
        if column.format == "money" and column.name in totals
    }
    return {**totals, **amounts}


def _amount(value: Any, column: Column) -> Decimal | None:
    if value is None:
        return None
    return trim_amount(Decimal(str(value)), digits=_currency_digits(column))


def _currency_digits(column: Column) -> int:
    """How many decimals a column's currency has: an amount's unit is its currency."""
    return currency_digits(column.unit) if column.unit else _MONEY_DIGITS


def _array(values: list[Any], column: Column) -> pa.Array:
    match column.format:
        case "text":
            return pa.array([None if value is None else str(value) for value in values], pa.string())
        case "date":
            return pa.array(values, pa.date32())
        case "integer":
            return pa.array(values, pa.int64())
        case "boolean":
            return pa.array(values, pa.bool_())
        case "money":
            return _exact([_amount(value, column) for value in values], least=_currency_digits(column))
        case _:
            if any(isinstance(value, Decimal) for value in values):
                return _exact([None if value is None else Decimal(str(value)) for value in values])
            return pa.array(values, pa.float64())


def _exact(values: list[Decimal | None], *, least: int = _MONEY_DIGITS) -> pa.Array:
    """Keep decimals as decimals: the currency's digits, six where a division or a unit price needs them."""
    digits = max((-int(value.as_tuple().exponent) for value in values if value is not None), default=0)
    if digits <= least:
        return pa.array(values, pa.decimal128(_MOST_DIGITS, least))
    if digits <= _MONEY_DIGITS:
        return pa.array(values, pa.decimal128(_MOST_DIGITS, _MONEY_DIGITS))
    fine = Decimal(1).scaleb(-_DERIVED_DIGITS)
    rounded = [None if value is None else value.quantize(fine) for value in values]
    return pa.array(rounded, pa.decimal128(_MOST_DIGITS, _DERIVED_DIGITS))


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
