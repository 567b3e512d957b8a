"""Instants in UTC, and a company's calendar days in its own time zone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import StockwiseError

Clock = Callable[[], datetime]
"""Gives the present instant, in UTC; tests give another one."""


class UnknownTimeZoneError(StockwiseError):
    """A time zone's name is not in the IANA database."""


@dataclass(frozen=True)
class DayBounds:
    """A calendar day as instants: from ``start`` until just before ``end``."""

    start: datetime
    end: datetime


def utc_now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)


def time_zone(name: str) -> ZoneInfo:
    """Return the IANA zone ``name`` (``Europe/Berlin``), or raise `UnknownTimeZoneError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZoneError(
            f"{name!r} is not a time zone.", hint="Use an IANA name such as Europe/Berlin or UTC."
        ) from None


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day that ``instant`` falls on in ``zone``."""
    return _aware(instant).astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> DayBounds:
    """Return the instants of a calendar day: 23, 24 or 25 hours, as clocks change.

    Where midnight is skipped, the day starts with its first instant; where it comes twice, with the first
    of the two. A day that a zone left out (Apia, 30 December 2011) is empty.

    Examples
    --------
    >>> day_bounds(date(2026, 3, 29), ZoneInfo("Europe/Berlin")).end - day_bounds(
    ...     date(2026, 3, 29), ZoneInfo("Europe/Berlin")
    ... ).start
    datetime.timedelta(seconds=82800)
    """
    return DayBounds(start=_start_of(day, zone), end=_start_of(day + timedelta(days=1), zone))


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    # With fold=0, a skipped time is read with the offset before the gap: that is the instant of the change
    # if the gap begins at midnight, and later if it begins before (Toronto 1919: 23:30 became 00:30).
    start = datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
    if start.astimezone(zone).time() == time(0):
        return start
    first, last = start - timedelta(hours=3), start
    while last - first > timedelta(seconds=1):
        middle = first + (last - first) / 2
        if middle.astimezone(zone).date() < day:
            first = middle
        else:
            last = middle
    return last.replace(microsecond=0)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant
