"""What a visitor may choose on a page, as plain values: periods by name, shops and categories by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core.metrics.period import Comparison, Period, last_days

Bucket = Literal["day", "week", "month"]

COMPARISONS: Mapping[Comparison, str] = {
    "previous": "Period before",
    "last_year": "Last year",
    "none": "Nothing",
}
BUCKETS: Mapping[Bucket, str] = {"day": "Day", "week": "Week", "month": "Month"}
CUSTOM = "Custom"
_DAYS = {"7 days": 7, "28 days": 28, "13 weeks": 91, "52 weeks": 364}
PERIODS = (*_DAYS, "This month", "Last month", "This year", CUSTOM)
DEFAULT_PERIOD = "28 days"


@dataclass(frozen=True)
class Chosen:
    """What is shown: days, what they are compared with, and within which shops and categories.

    ``shop_ids`` is None where the visitor sees all shops and chose none; else the shops to look at, never
    more than the visitor's own.
    """

    period: Period
    comparison: Comparison = "previous"
    shop_ids: tuple[str, ...] | None = None
    category_ids: tuple[str, ...] = ()


class InvalidRange(Exception):
    """Dates that are no period, said in a sentence."""


def period_named(
    name: str, *, last_date: date, first: date | None = None, last: date | None = None
) -> Period:
    """Return the days that a preset means for data up to ``last_date``, or the dates given for ``CUSTOM``.

    Raises
    ------
    InvalidRange
        If the given dates are no period.

    Examples
    --------
    >>> period_named("This month", last_date=date(2026, 11, 20)).first_date
    datetime.date(2026, 11, 1)
    >>> period_named("Last month", last_date=date(2026, 11, 20))
    Period(first_date=datetime.date(2026, 10, 1), last_date=datetime.date(2026, 10, 31))
    """
    month_start = last_date.replace(day=1)
    if name == CUSTOM:
        return _period(first or last_days(last_date, 28).first_date, last or last_date)
    if name == "This month":
        return Period(month_start, last_date)
    if name == "Last month":
        end = month_start - timedelta(days=1)
        return Period(end.replace(day=1), end)
    if name == "This year":
        return Period(last_date.replace(month=1, day=1), last_date)
    return last_days(last_date, _DAYS[name])


def _period(first: date, last: date) -> Period:
    try:
        return Period(first, last)
    except ValueError as error:
        raise InvalidRange(f"{first} to {last} can't be shown: {error}.") from None


def labels(names: Mapping[str, str]) -> dict[str, str]:
    """Return a label per id, none of them twice: the address holds labels, and names need not be unique.

    >>> labels({"a1": "Kitchen", "b2": "Garden", "c3": "Kitchen"})
    {'b2': 'Garden', 'a1': 'Kitchen (1)', 'c3': 'Kitchen (2)'}
    """
    often = Counter(names.values())
    found: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for key, name in sorted(names.items(), key=lambda item: (item[1].casefold(), item[0])):
        seen[name] += 1
        found[key] = f"{name} ({seen[name]})" if often[name] > 1 else name
    return found


def unknown_labels(wanted: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """Return the labels of an address that name nothing the visitor may see."""
    return [label for label in wanted if label and label not in known.values()]


def shops_within(chosen: Iterable[str], reachable: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the shops to ask for: those chosen, never more than the visitor's own; None is all shops."""
    wanted = tuple(sorted(chosen))
    if reachable is None:
        return wanted or None
    return tuple(shop_id for shop_id in wanted if shop_id in reachable) or reachable


def whole_days(period: Period, *, horizon_date: date) -> Period | None:
    """Return the days of a period that were over at the horizon; None if none was.

    Only these are compared: a day of a few hours against a whole one says nothing.
    """
    last = min(period.last_date, horizon_date - timedelta(days=1))
    return Period(period.first_date, last) if last >= period.first_date else None
