"""What every report of sales is asked for: days, shops, a category; found sound before anything is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from api.access import Caller
from api.analytics.errors import InvalidPeriod, UnknownCategory, UnknownShop
from api.errors import Forbidden
from api.published import describe_build
from core.metrics.ask import Filters
from core.metrics.period import Comparison, Period, PeriodError, last_days
from core.published import Snapshot

DEFAULT_DAYS = 28


@dataclass(frozen=True)
class Question:
    """Which days and shops a report is about; without dates, the last 28 days of the data.

    ``shop_ids`` are those that the caller reaches; None is the whole company.
    """

    first_date: date | None
    last_date: date | None
    shop_ids: tuple[str, ...] | None
    now: datetime
    category_id: str | None = None
    compare: Comparison = "none"

    def of_shop(self, shop_id: str) -> Question:
        """Return the same about one shop."""
        return replace(self, shop_ids=(shop_id,))

    @property
    def filters(self) -> Filters:
        """What the figures are narrowed to."""
        categories = None if self.category_id is None else (self.category_id,)
        return Filters(shop_ids=self.shop_ids, category_ids=categories)


def shops_of(caller: Caller, shop_id: str | None) -> tuple[str, ...] | None:
    """Return the shops to report on, within those the caller reaches; None means all.

    Raises
    ------
    Forbidden
        If the caller asks for a shop that is not theirs.
    """
    reachable = caller.reachable_shop_ids
    if reachable is None:
        return None if shop_id is None else (shop_id,)
    own = sorted(str(own_id) for own_id in reachable)
    if shop_id is None:
        return tuple(own)
    if shop_id not in own:
        raise Forbidden("This shop is not one of yours.", pointer="/query/shop_id")
    return (shop_id,)


def require_known(snapshot: Snapshot, *, shop_id: str | None, category_id: str | None) -> None:
    """Refuse ids of nothing: a report of zeroes would say that nothing was sold.

    Raises
    ------
    UnknownShop, UnknownCategory
        If the build holds none of this id.
    """
    if shop_id is not None and not _is_there(snapshot, "srv_shops", "shop_id", shop_id):
        raise UnknownShop(pointer="/query/shop_id")
    if category_id is not None and not _is_there(snapshot, "srv_categories", "category_id", category_id):
        raise UnknownCategory(pointer="/query/category_id")


def period_of(snapshot: Snapshot, question: Question) -> Period:
    """Return the days asked about.

    Raises
    ------
    InvalidPeriod
        If they end before they begin, are too many, or lie outside of what a report knows.
    """
    last = question.last_date or last_known_day(snapshot)
    try:
        return Period(question.first_date or last_days(last, DEFAULT_DAYS).first_date, last)
    except PeriodError as error:
        sentence = f"{str(error)[0].upper()}{str(error)[1:]}."
        raise InvalidPeriod(sentence, pointer="/query/from" if error.is_first else "/query/to") from None


def last_known_day(snapshot: Snapshot) -> date:
    """Return the last day that the build knows of: as in reports, a day without a sale is one too."""
    (row,) = snapshot.rows("select horizon_date from srv_company")
    day: date = row["horizon_date"]
    return day


def head(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    """Return what every report begins with: the build with its age, its days, and the company's money."""
    (company,) = snapshot.rows(
        "select currency, timezone, horizon_date as covered_to,"
        " (select min(sales_date) from srv_sales_daily) as covered_from from srv_company"
    )
    return {"build": describe_build(snapshot.build, question.now), **company}


def _is_there(snapshot: Snapshot, table: str, column: str, wanted: str) -> bool:
    return bool(snapshot.rows(f"select 1 from {table} where {column} = ? limit 1", [wanted]))
