"""What a report is asked, and how an answer of figures becomes its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from core.metrics.ask import Answer, ask
from core.metrics.ask import Column as AnswerColumn
from core.metrics.dimensions import TIME_DIMENSIONS
from core.metrics.filters import EVERYTHING, Filters
from core.metrics.period import Comparison, Period
from core.metrics.queryable import Queryable
from core.metrics.registry import METRICS
from core.reports.errors import ReportTooLong
from core.reports.table import CellFormat, Column, Table, make_table

MOST_ROWS: Final = 200_000
_INCOMPLETE = (
    "The day, week or month is not over, or reaches beyond the period: its figures are of a part of it."
)


@dataclass(frozen=True)
class Question:
    """What a reader wants of a report; what is left out is the report's own choice."""

    period: Period
    by: str | None = None
    measures: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    filters: Filters = EVERYTHING
    compare: Comparison = "none"
    limit: int | None = None


@dataclass(frozen=True)
class Asked:
    """A question to one company's snapshot."""

    snapshot: Queryable
    question: Question
    currency: str
    most_rows: int = MOST_ROWS

    def figures(
        self,
        name: str,
        title: str,
        *,
        measures: Sequence[str],
        dimensions: Sequence[str] = (),
        has_period: bool = True,
        is_limited: bool = True,
        order_by: str | None = None,
        descending: bool = True,
    ) -> Table:
        """Answer with measures by dimensions, compared as the question says.

        Raises
        ------
        ReportTooLong
            If there are more rows than can be answered.
        """
        question = self.question
        limit = question.limit if is_limited else None
        most = min(limit or self.most_rows, self.most_rows)
        answer = ask(
            self.snapshot,
            measures=question.measures or measures,
            dimensions=question.dimensions or dimensions,
            period=question.period if has_period else None,
            filters=question.filters,
            order_by=order_by,
            descending=descending,
            limit=most,
            compare=question.compare if has_period else "none",
        )
        if answer.has_more and most != limit:
            raise ReportTooLong(
                "A report", most_rows=most, hint="Narrow the period, the filters or the dimensions."
            )
        note = f"The first {len(answer.rows):,} rows; there are more." if answer.has_more else ""
        return answer_table(answer, name=name, title=title, currency=self.currency, note=note)


def answer_table(answer: Answer, *, name: str, title: str, currency: str, note: str = "") -> Table:
    """Put an answer into a table: names first, then figures, then what they were before, ids last."""
    measures = [column for column in answer.columns if column.kind == "measure"]
    dimensions = [column for column in answer.columns if column.kind != "measure"]
    keys = [column for column in dimensions if column.name.endswith("_id")]
    columns = [_dimension(column) for column in dimensions if column not in keys]
    is_compared = answer.previous_period is not None
    for column in measures:
        columns += _measure(column, currency, is_compared=is_compared)
    if any(column.name in TIME_DIMENSIONS for column in dimensions):
        columns.append(Column("is_incomplete", "Not over", "boolean", definition=_INCOMPLETE))
    columns += [_dimension(column, is_key=True) for column in keys]
    rows: Sequence[Mapping[str, Any]] = answer.rows
    totals = answer.totals
    if is_compared:
        names = [column.name for column in measures]
        rows = [
            _compared(row, before, names)
            for row, before in zip(answer.rows, answer.previous_rows, strict=True)
        ]
        totals = _compared(totals, answer.previous_totals or {}, names)
    return make_table(name, title, columns, rows, totals=totals if dimensions else None, note=note)


def _dimension(column: AnswerColumn, *, is_key: bool = False) -> Column:
    kind: CellFormat = "date" if column.name in TIME_DIMENSIONS else "text"
    return Column(column.name, column.title, kind, is_key=is_key)


def _measure(column: AnswerColumn, currency: str, *, is_compared: bool) -> list[Column]:
    metric = METRICS[column.name]
    unit = currency if metric.format == "money" else metric.unit
    now = Column(metric.name, metric.title, metric.format, unit, metric.definition)
    if not is_compared:
        return [now]
    return [
        now,
        Column(f"{metric.name}_before", f"{metric.title}, before", metric.format, unit),
        Column(f"{metric.name}_change_ratio", f"{metric.title}, change", "percent", "ratio"),
    ]


def _compared(
    now: Mapping[str, Any], before: Mapping[str, Any] | None, names: Sequence[str]
) -> dict[str, Any]:
    earlier = before or {}
    compared = dict(now)
    for name in names:
        compared[f"{name}_before"] = earlier.get(name)
        compared[f"{name}_change_ratio"] = _change(now.get(name), earlier.get(name))
    return compared


def _change(now: Any, before: Any) -> float | None:
    if now is None or not before:
        return None
    return float((Decimal(str(now)) - Decimal(str(before))) / abs(Decimal(str(before))))
