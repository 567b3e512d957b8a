"""Reports from the published snapshot; the figures themselves are defined in core.metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.access import Caller
from api.errors import Forbidden, InvalidContent
from api.published import describe_build
from core.metrics.inventory import lowest_stock, stock_summary
from core.metrics.period import MAX_DAYS, Period, last_days
from core.metrics.sales import best_sellers, sales_by_day, sales_totals
from core.published import Snapshot

DEFAULT_DAYS = 28


@dataclass(frozen=True)
class Question:
    """Which days and shops a report is about; without dates, the last 28 whole days of the data."""

    first_date: date | None
    last_date: date | None
    shop_ids: Sequence[str] | None
    now: datetime


def shops_of(caller: Caller, shop_id: str | None) -> list[str] | None:
    """Return the shops to report on, within those the caller reaches; None means all.

    Raises
    ------
    Forbidden
        If the caller asks for a shop that is not theirs.
    """
    reachable = caller.reachable_shop_ids
    if reachable is None:
        return None if shop_id is None else [shop_id]
    own = sorted(str(own_id) for own_id in reachable)
    if shop_id is None:
        return own
    if shop_id not in own:
        raise Forbidden("This shop is not one of yours.")
    return [shop_id]


def dashboard(snapshot: Snapshot, question: Question, *, limit: int) -> dict[str, Any]:
    """Headline totals with the period before, and the best and worst sellers."""
    head, period = _head(snapshot, question), _period(snapshot, question)
    previous = period.before()
    return {
        **head,
        "period": period,
        "totals": sales_totals(snapshot, period, shop_ids=question.shop_ids),
        "previous_period": previous,
        "previous_totals": sales_totals(snapshot, previous, shop_ids=question.shop_ids),
        **_sellers(snapshot, period, question, limit),
    }


def sales(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    """Totals and one row per day."""
    period = _period(snapshot, question)
    totals = sales_totals(snapshot, period, shop_ids=question.shop_ids)
    return {
        **_head(snapshot, question),
        "period": period,
        "totals": totals,
        "days": sales_by_day(snapshot, period, shop_ids=question.shop_ids),
    }


def products(snapshot: Snapshot, question: Question, *, limit: int) -> dict[str, Any]:
    """Best and worst sellers."""
    period = _period(snapshot, question)
    return {
        **_head(snapshot, question),
        "period": period,
        **_sellers(snapshot, period, question, limit),
    }


def inventory(snapshot: Snapshot, question: Question, *, limit: int) -> dict[str, Any]:
    """Stock by status, with its value at cost, and the emptiest items."""
    return {
        **_head(snapshot, question),
        "statuses": stock_summary(snapshot),
        "lowest": lowest_stock(snapshot, limit=limit),
    }


def _sellers(snapshot: Snapshot, period: Period, question: Question, limit: int) -> dict[str, Any]:
    return {
        "best_sellers": best_sellers(snapshot, period, shop_ids=question.shop_ids, limit=limit),
        "worst_sellers": best_sellers(snapshot, period, shop_ids=question.shop_ids, limit=limit, worst=True),
    }


def _head(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    (company,) = snapshot.rows("select currency, timezone from srv_company")
    return {"build": describe_build(snapshot.build, question.now), **company}


def _period(snapshot: Snapshot, question: Question) -> Period:
    horizon = snapshot.rows("select max(sales_date) as sales_date from srv_sales_daily")[0]["sales_date"]
    last = question.last_date or horizon or question.now.date()
    first = question.first_date or last_days(last, DEFAULT_DAYS).first_date
    if last < first:
        raise InvalidContent("The period ends before it begins.", pointer="/query/to")
    if (last - first).days >= MAX_DAYS:
        raise InvalidContent(f"A period may have {MAX_DAYS} days at most.", pointer="/query/from")
    return Period(first, last)
