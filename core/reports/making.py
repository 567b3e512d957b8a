"""Make a report: look at what is asked, ask the snapshot, say what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from core.metrics.ask import Filters
from core.metrics.dimensions import TIME_DIMENSIONS
from core.metrics.period import Comparison, Period, PeriodError, last_days
from core.metrics.queryable import Queryable
from core.reports.asking import MOST_ROWS, Asked, Question
from core.reports.errors import ReportError, ReportTooLong
from core.reports.named import NamedReport, Parameter
from core.reports.table import Report

DEFAULT_DAYS = 28
_COMPARISONS = {"previous": "the days before, same weekdays", "last_year": "the same weekdays of last year"}


def make_report(
    snapshot: Queryable,
    named: NamedReport,
    question: Question,
    *,
    now: datetime,
    title: str | None = None,
    filter_names: tuple[tuple[str, str], ...] = (),
    most_rows: int = MOST_ROWS,
) -> Report:
    """Answer a question with a report; ``filter_names`` say the filters in words.

    Raises
    ------
    ReportError, MeasureError
        If the report can't be asked that, or has too many rows.
    """
    require_known(named, question)
    (company,) = snapshot.rows("select name, currency, timezone from srv_company")
    tables = named.make(Asked(snapshot, question, company["currency"], most_rows))
    if sum(table.data.num_rows for table in tables) > most_rows:
        raise ReportTooLong("A report", most_rows=most_rows, hint="Narrow the period or the filters.")
    has_period = "period" in named.parameters
    if has_period and (outside := _outside_of_data(snapshot, question.period)):
        main = replace(tables[0], note=f"{outside} {tables[0].note}".strip())
        tables = (main, *tables[1:])
    return Report(
        name=named.name,
        title=title or named.title,
        answers=named.answers,
        company_name=company["name"],
        currency=company["currency"],
        timezone=company["timezone"],
        build_id=snapshot.build.build_id,
        horizon_at=snapshot.build.horizon_at,
        made_at=now,
        tables=tables,
        first_date=question.period.first_date if has_period else None,
        last_date=question.period.last_date if has_period else None,
        compared_with=_compared_with(question),
        filters=filter_names,
    )


def period_of(
    snapshot: Queryable, first: date | None, last: date | None, *, days: int = DEFAULT_DAYS
) -> Period:
    """Return the days asked for; what is not named follows from the last day of the data.

    Raises
    ------
    ReportError
        If they make no period.
    """
    if last is None:
        rows = snapshot.rows("select horizon_date from srv_company")
        last = rows[0]["horizon_date"]
    try:
        return Period(first, last) if first is not None else last_days(last, days)
    except PeriodError as error:
        raise ReportError(
            f"{str(error)[:1].upper()}{str(error)[1:]}.", hint="Check --from and --to."
        ) from None


def narrowed(filters: Filters, shop_ids: frozenset[str] | None) -> Filters:
    """Keep a question within the shops that a person reaches; ``None``: all of them."""
    if shop_ids is None:
        return filters
    wanted = shop_ids if filters.shop_ids is None else shop_ids & set(filters.shop_ids)
    return replace(filters, shop_ids=tuple(sorted(wanted)))


def require_known(named: NamedReport, question: Question, *, has_period: bool = False) -> None:
    """Refuse what this report would silently ignore.

    Raises
    ------
    ReportError
        If it was asked something that it does not know.
    """
    asked: dict[Parameter, bool] = {
        "period": has_period,
        "by": question.by is not None,
        "filters": bool(question.filters.given()),
        "compare": question.compare != "none",
        "measures": bool(question.measures),
        "dimensions": bool(question.dimensions),
        "limit": question.limit is not None,
    }
    unknown = [name for name, is_asked in asked.items() if is_asked and name not in named.parameters]
    if unknown:
        raise ReportError(f"The report {named.name} knows no {unknown[0]}.", hint="stockwise report list")
    if question.by is not None and question.by not in TIME_DIMENSIONS:
        raise ReportError(
            f"There is no bucket {question.by!r}.", hint=f"Take one of: {', '.join(TIME_DIMENSIONS)}."
        )


def _outside_of_data(snapshot: Queryable, period: Period) -> str:
    """Say so if nothing can be known of the days: a column of zeros would not."""
    (known,) = snapshot.rows(
        "select (select min(sales_date) from srv_sales_daily) as first_date, horizon_date from srv_company"
    )
    if period.first_date > known["horizon_date"]:
        return f"These days lie after the data, which ends on {known['horizon_date']}."
    if known["first_date"] is not None and period.last_date < known["first_date"]:
        return f"These days lie before the first sale, which was on {known['first_date']}."
    return ""


def _compared_with(question: Question) -> str:
    comparison: Comparison = question.compare
    before = question.period.compared(comparison)
    if before is None:
        return ""
    return f"{before.first_date} to {before.last_date} ({_COMPARISONS[comparison]})"
