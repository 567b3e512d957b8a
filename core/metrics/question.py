"""One question, asked of each period alike: what it is made of, and its SQL with names and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.metrics.buckets import bucket_starts
from core.metrics.dimensions import TIME_DIMENSIONS, Dimension, dimension_named
from core.metrics.errors import MeasureError
from core.metrics.filters import Filters
from core.metrics.metric import Metric
from core.metrics.period import Period
from core.metrics.registry import METRICS
from core.metrics.sources import Query, key_column, measures_query

MOST_ROWS = 200_000


@dataclass(frozen=True)
class Question:
    """What is asked; refused when it is made if names are given twice, and by its query if one is unknown."""

    measures: tuple[str, ...]
    dimensions: tuple[str, ...]
    filters: Filters
    order_by: str | None
    descending: bool
    limit: int | None

    def __post_init__(self) -> None:
        if not self.measures:
            raise MeasureError("unknown_measure", "Name at least one measure.")
        buckets = [name for name in self.dimensions if name in TIME_DIMENSIONS]
        if len(set(self.dimensions)) < len(self.dimensions) or len(buckets) > 1:
            raise MeasureError(
                "measure_not_by_dimension",
                "Name each dimension once, and one of day, week, month, quarter and year.",
                field="dimensions",
            )
        if self.order_by not in (None, *self.measures, *self.dimensions):
            raise MeasureError(
                "unknown_order",
                f"{self.order_by!r} is neither a measure nor a dimension of the question.",
                field="order_by",
            )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(METRICS[name] for name in dict.fromkeys(self.measures))

    @property
    def time(self) -> str | None:
        """The time dimension, if one is asked by."""
        return next((name for name in self.dimensions if name in TIME_DIMENSIONS), None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return tuple(key_column(name) for name in self.dimensions)

    @property
    def most_rows(self) -> int:
        return MOST_ROWS if self.limit is None else min(self.limit, MOST_ROWS)

    def dimension_columns(self) -> list[tuple[str, str]]:
        """Return the columns of ids and labels with what people call them."""
        columns: list[tuple[str, str]] = []
        for name in self.dimensions:
            if name in TIME_DIMENSIONS:
                columns.append((name, name.capitalize()))
                continue
            dimension = dimension_named(name)
            columns.append((dimension.column, dimension.title + (" id" if dimension.labels else "")))
            columns.extend((label, _title(label, dimension)) for label in self._labels_of(name))
        return columns

    def query(self, period: Period | None, *, like: Sequence[dict[str, Any]] | None = None) -> Query:
        """Return the ordered query with labels, of one row more than wanted: so it shows if there are more.

        ``like`` asks instead for the rows that others are compared with, and those alone.
        """
        inner = measures_query(
            self.measures,
            dimensions=self.dimensions,
            period=period,
            filters=self.filters,
            buckets=self._buckets(period),
        )
        narrowed = self._like(like)
        lines = [
            f"select {', '.join(['answer.*', *self._label_columns()])}",
            f"from (\n{inner.sql}\n) as answer",
            *self._label_joins(),
            *([f"where {narrowed.sql}"] if narrowed.sql else []),
            *([f"order by {self._order()}"] if self.dimensions else []),
            f"limit {self.most_rows + 1 if like is None else MOST_ROWS}",
        ]
        return Query("\n".join(lines), [*inner.parameters, *narrowed.parameters])

    def _buckets(self, period: Period | None) -> tuple[str, list[Any]] | None:
        """Return all buckets of the period where time is all that is asked by: none is left out then."""
        if period is None or self.time is None or len(self.dimensions) > 1:
            return None
        return self.time, bucket_starts(period, self.time)

    def _like(self, rows: Sequence[dict[str, Any]] | None) -> Query:
        key = next((key for key in self.keys if key not in TIME_DIMENSIONS), None)
        if rows is None or key is None:
            return Query("")
        values = list({row[key] or "" for row in rows})
        return Query(f"coalesce(answer.{key}, '') in (select unnest(?::varchar[]))", [values])

    def _named(self) -> list[Dimension]:
        """Return the dimensions that have names to look up."""
        return [dimension_named(name) for name in self.dimensions if self._labels_of(name)]

    def _label_columns(self) -> list[str]:
        return [
            f"{dimension.name}_labels.{label}"
            for dimension in self._named()
            for label in self._labels_of(dimension.name)
        ]

    def _label_joins(self) -> list[str]:
        return [
            f"left join ({dimension.lookup}) as {dimension.name}_labels"
            f" on answer.{dimension.column} = {dimension.name}_labels.{dimension.column}"
            for dimension in self._named()
        ]

    def _labels_of(self, name: str) -> tuple[str, ...]:
        """Return a dimension's labels, without those that an earlier one has brought already."""
        if name in TIME_DIMENSIONS:
            return ()
        before = {
            label
            for other in self.dimensions[: self.dimensions.index(name)]
            if other not in TIME_DIMENSIONS
            for label in dimension_named(other).labels
        }
        return tuple(label for label in dimension_named(name).labels if label not in before)

    def _order(self) -> str:
        keys = [f"answer.{key}" for key in self.keys]
        if self.order_by is None and self.time is not None:
            return ", ".join(dict.fromkeys([f"answer.{self.time}", *keys]))
        wanted = self.order_by or self.measures[0]
        column = wanted if wanted in self.measures else key_column(wanted)
        direction = "desc" if self.descending else "asc"
        return ", ".join([f"answer.{column} {direction} nulls last", *keys])


def _title(label: str, dimension: Dimension) -> str:
    if label == "sku":
        return "SKU"
    return dimension.title if label == f"{dimension.name}_name" else label.replace("_", " ").capitalize()
