"""Decisions about reports, without I/O: what is asked, of which days, by whom, and how long a file lives."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from api.access import Caller
from api.reports.schemas import FiltersWrite, PeriodWrite, QuestionWrite
from core.metrics.buckets import bucket_start
from core.metrics.filters import Filters
from core.metrics.period import Period, last_days
from core.reports.asking import Question
from core.reports.making import DEFAULT_DAYS, narrowed

MOST_TRIES = 3
CLAIM = timedelta(minutes=5)
_TO_DATE = {"month_to_date": "month", "quarter_to_date": "quarter", "year_to_date": "year"}


def period_of(wanted: PeriodWrite, horizon_date: date) -> Period:
    """Return the days that a period means now.

    Examples
    --------
    >>> period_of(PeriodWrite(kind="last_month"), date(2026, 11, 20))
    Period(first_date=datetime.date(2026, 10, 1), last_date=datetime.date(2026, 10, 31))
    """
    if wanted.first_date is not None and wanted.last_date is not None:
        return Period(wanted.first_date, wanted.last_date)
    if wanted.kind in _TO_DATE:
        return Period(bucket_start(horizon_date, _TO_DATE[wanted.kind]), horizon_date)
    if wanted.kind in ("last_week", "last_month"):
        bucket = wanted.kind.removeprefix("last_")
        last = bucket_start(horizon_date, bucket) - timedelta(days=1)
        return Period(bucket_start(last, bucket), last)
    return last_days(horizon_date, wanted.days or DEFAULT_DAYS)


def question_of(wanted: QuestionWrite, period: Period, shop_ids: Collection[UUID] | None) -> Question:
    """Return the question within the shops that the reader reaches; ``None``: all of the company."""
    reach = None if shop_ids is None else frozenset(map(str, shop_ids))
    return Question(
        period=period,
        by=wanted.by,
        measures=tuple(wanted.measures),
        dimensions=tuple(wanted.dimensions),
        filters=narrowed(filters_of(wanted.filters), reach),
        compare=wanted.compare,
        limit=wanted.limit,
    )


def filters_of(wanted: FiltersWrite) -> Filters:
    """Return what to keep."""
    given: dict[str, Any] = wanted.model_dump(exclude_none=True)
    return Filters(**{name: tuple(map(str, values)) for name, values in given.items()})


def foreign_shops(wanted: FiltersWrite, reach: Collection[UUID] | None) -> list[int]:
    """Return the places of shops that are asked for and not reached."""
    if reach is None:
        return []
    return [place for place, shop_id in enumerate(wanted.shop_ids or ()) if shop_id not in reach]


def may_read(caller: Caller, *, requested_by: UUID, shop_ids: Iterable[UUID] | None) -> bool:
    """Whether a made report holds nothing that its reader may not see now.

    One's own, as long as one still reaches every shop in it; of others, only with the whole company.
    """
    reach = caller.reachable_shop_ids
    if reach is None:
        return True
    return requested_by == caller.user_id and shop_ids is not None and set(shop_ids) <= reach


def common_reach(first: Collection[UUID] | None, second: Collection[UUID] | None) -> list[UUID] | None:
    """Return the shops in both reaches; ``None`` is the whole company."""
    if first is None or second is None:
        kept = second if first is None else first
        return None if kept is None else sorted(kept)
    return sorted(set(first) & set(second))
