"""What a business figure is, and what it is summed from: the records that definitions are written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["money", "orders", "units", "customers", "ratio", "days", "hours", "lines", "items", "count"]
Format = Literal["money", "integer", "decimal", "percent", "days"]
GoodDirection = Literal["up", "down", "none"]


@dataclass(frozen=True)
class Metric:
    """A business figure: in words that a manager reads, and once as SQL.

    A metric with a ``source`` is an SQL aggregate over that source's columns. One without is made of other
    metrics (``needs``), and its ``expression`` names them; it guards its own denominators by ``nullif``.
    """

    name: str
    title: str
    # One sentence that answers: with tax? with shipping? returns on which day? cancelled orders?
    definition: str
    # In words and columns, for people.
    formula: str
    # Of the rows that it is summed from: "company, shop, variant, day".
    grain: str
    # "sales_date: day the order was placed, company's time zone".
    time_column: str
    unit: Unit
    format: Format
    good_direction: GoodDirection
    source: str
    expression: str
    needs: tuple[str, ...] = ()
    # What is left out or kept, in words.
    filters: str = ""
    # Whether no rows mean zero and not "unknown"; None: sums and counts do, averages and minima do not.
    zero_without_rows: bool | None = None

    @property
    def is_derived(self) -> bool:
        """Whether it is made of other metrics."""
        return not self.source

    @property
    def is_zero_without_rows(self) -> bool:
        """Whether no rows mean zero; a metric made of others follows from them."""
        if self.zero_without_rows is not None:
            return self.zero_without_rows
        return not self.is_derived and self.expression.startswith(("sum(", "count("))


@dataclass(frozen=True)
class Rollup:
    """A smaller table with the same sums for fewer dimensions; dbt tests that the sums are equal."""

    table: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class Spans:
    """The columns of a table whose rows hold for a run of days: its first day, and how many."""

    first_column: str
    days_column: str


@dataclass(frozen=True)
class Source:
    """One serving table that measures are summed from.

    ``dimensions`` gives the column of each dimension. What is known of a variant (its product, category,
    brand) needs no column: a source with the dimension ``variant`` has them all. ``computed`` are columns
    that the table has by an expression alone, and the rollups by name: sums of products are no product of
    sums. Rows of ``spans`` are cut to the days asked about first (`core.metrics.spans`), which gives them
    ``date_column``; those of a rollup too.
    """

    name: str
    table: str
    # None: a state at the horizon, without days.
    date_column: str | None
    dimensions: Mapping[str, str]
    rollups: tuple[Rollup, ...] = field(default=())
    spans: Spans | None = None
    computed: tuple[tuple[str, str], ...] = field(default=())
