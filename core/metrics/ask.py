"""Ask a published snapshot for figures: any measures, by any dimensions, of any period.

Reports, API, pages and the command line all come here, so one figure has one number wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from core.metrics.buckets import bucket_number, bucket_starts, is_whole
from core.metrics.dimensions import TIME_DIMENSIONS
from core.metrics.filters import EVERYTHING
from core.metrics.filters import Filters as Filters
from core.metrics.metric import Format, Unit
from core.metrics.period import Comparison, Period
from core.metrics.queryable import Queryable
from core.metrics.question import Question
from core.metrics.sources import measures_query
from core.time import local_date, time_zone


@dataclass(frozen=True)
class Column:
    """A column of an answer: a dimension's id or one of its labels, or a measure."""

    name: str
    title: str
    unit: Unit | None
    format: Format | None
    kind: Literal["dimension", "measure"]


@dataclass(frozen=True)
class Answer:
    """Rows with totals, and the same of the period that they are compared with.

    Totals are computed from the sources: a ratio's is no sum or mean of ratios. Where a time dimension is
    asked by, ``is_incomplete`` in a row says that its bucket is not over or reaches beyond the period.
    ``previous_rows`` has one entry per row, ``None`` where the earlier period has nothing of the kind.
    """

    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    totals: dict[str, Any]
    period: Period | None
    sql: str
    # Whether more rows exist than ``limit`` let through.
    has_more: bool = False
    previous_period: Period | None = None
    previous_rows: list[dict[str, Any] | None] = field(default_factory=list)
    previous_totals: dict[str, Any] | None = None


def ask(
    snapshot: Queryable,
    *,
    measures: Sequence[str],
    dimensions: Sequence[str] = (),
    period: Period | None,
    filters: Filters = EVERYTHING,
    order_by: str | None = None,
    descending: bool = True,
    limit: int | None = None,
    compare: Comparison = "none",
) -> Answer:
    """Return measures by dimensions, compared with an earlier period if asked.

    Without ``order_by``, time comes first and oldest first, else the first measure decides, greatest first.
    Where time is all that is asked by, buckets without rows are filled. A time bucket is compared with the
    one as far from its period's beginning.

    Raises
    ------
    MeasureError
        If a measure, dimension or order does not exist, or they do not go together.
    """
    question = Question(tuple(measures), tuple(dimensions), filters, order_by, descending, limit)
    query = question.query(period)
    rows = snapshot.rows(query.sql, query.parameters)
    kept = rows[: question.most_rows]
    answer = Answer(
        columns=_columns(question),
        rows=_marked(snapshot, question, period, kept),
        totals=_totals(snapshot, question, period),
        period=period,
        sql=query.sql,
        has_more=len(rows) > len(kept),
    )
    earlier = None if period is None else period.compared(compare)
    if period is None or earlier is None:
        return answer
    return replace(
        answer,
        previous_period=earlier,
        previous_rows=_earlier_rows(snapshot, question, period, earlier, kept),
        previous_totals=_totals(snapshot, question, earlier),
    )


def running_date(snapshot: Queryable) -> date:
    """Return the company's local day on which the orders were read: it was not over then."""
    (company,) = snapshot.rows("select timezone from srv_company")
    return local_date(snapshot.build.horizon_at, time_zone(company["timezone"]))


def _columns(question: Question) -> tuple[Column, ...]:
    named = [Column(column, title, None, None, "dimension") for column, title in question.dimension_columns()]
    measured = [
        Column(metric.name, metric.title, metric.unit, metric.format, "measure")
        for metric in question.metrics
    ]
    return (*named, *measured)


def _totals(snapshot: Queryable, question: Question, period: Period | None) -> dict[str, Any]:
    query = measures_query(question.measures, dimensions=(), period=period, filters=question.filters)
    (row,) = snapshot.rows(query.sql, query.parameters)
    return row


def _marked(
    snapshot: Queryable, question: Question, period: Period | None, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    time = question.time
    if time is None or period is None:
        return rows
    running = running_date(snapshot)
    whole = {
        start: is_whole(start, time, period=period, running_date=running)
        for start in bucket_starts(period, time)
    }
    return [{**row, "is_incomplete": not whole[row[time]]} for row in rows]


def _earlier_rows(
    snapshot: Queryable, question: Question, period: Period, earlier: Period, rows: list[dict[str, Any]]
) -> list[dict[str, Any] | None]:
    """Return for each row the one of the earlier period that it is compared with."""
    query = question.query(earlier, like=rows)
    found = {_place(row, question, earlier): row for row in snapshot.rows(query.sql, query.parameters)}
    return [found.get(_place(row, question, period)) for row in rows]


def _place(row: dict[str, Any], question: Question, period: Period) -> tuple[Any, ...]:
    """Return what two compared rows have in common: ids, and of time the distance from the beginning."""
    return tuple(
        bucket_number(row[key], key, period) if key in TIME_DIMENSIONS else row[key] for key in question.keys
    )
