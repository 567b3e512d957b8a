"""A report by name, and the two ways in which most of them are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from core.reports.asking import Asked
from core.reports.table import CellFormat, Column, Table, make_table

Parameter = Literal["period", "by", "filters", "compare", "measures", "dimensions", "limit"]
OF_FIGURES: Final[frozenset[Parameter]] = frozenset({"period", "filters", "compare", "measures", "limit"})
OVER_TIME: Final[frozenset[Parameter]] = frozenset({"period", "by", "filters", "compare", "measures"})
DEFAULT_ROWS: Final = 1_000
Specs = Sequence[tuple[str, str, CellFormat]]


@dataclass(frozen=True)
class NamedReport:
    """A report by name; the first of its tables is the main one, which CSV and Parquet hold."""

    name: str
    title: str
    answers: str
    parameters: frozenset[Parameter]
    make: Callable[[Asked], tuple[Table, ...]]
    # About the whole company: nothing for who reaches single shops alone.
    is_of_company: bool = False


def by_dimensions(
    name: str, title: str, answers: str, dimensions: tuple[str, ...], *measures: str
) -> NamedReport:
    """A report of measures by fixed dimensions, the greatest first."""

    def make(asked: Asked) -> tuple[Table, ...]:
        return (asked.figures(name, title, measures=measures, dimensions=dimensions),)

    return NamedReport(name, title, answers, OF_FIGURES, make)


def over_time(name: str, title: str, answers: str, *measures: str, by: str = "day") -> NamedReport:
    """A report of measures by day, week or month."""

    def make(asked: Asked) -> tuple[Table, ...]:
        return (asked.figures(name, title, measures=measures, dimensions=(asked.question.by or by,)),)

    return NamedReport(name, title, answers, OVER_TIME, make)


def listed(
    asked: Asked,
    name: str,
    title: str,
    columns: Specs,
    rows: Sequence[Mapping[str, Any]],
    *,
    totals: Mapping[str, Any] | None = None,
    note: str = "",
) -> Table:
    """Rows of a function that is no measure, under columns given as name, title and format; ids are keys."""
    named = [
        Column(
            column,
            heading,
            kind,
            asked.currency if kind == "money" else "days" if kind == "days" else "",
            is_key=column.endswith("_id"),
        )
        for column, heading, kind in columns
    ]
    return make_table(name, title, named, rows, totals=totals, note=note)
