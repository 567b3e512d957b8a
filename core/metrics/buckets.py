"""Days gathered into weeks (from Monday), months, quarters and years."""

from __future__ import annotations

from datetime import date, timedelta

from core.metrics.period import Period

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def bucket_start(day: date, time: str) -> date:
    """Return the first day of the bucket that a day lies in.

    >>> bucket_start(date(2026, 11, 21), "week"), bucket_start(date(2026, 11, 21), "quarter")
    (datetime.date(2026, 11, 16), datetime.date(2026, 10, 1))
    """
    if time == "day":
        return day
    if time == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[time]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def next_bucket(start: date, time: str) -> date:
    """Return the first day of the bucket that follows."""
    if time == "day":
        return start + timedelta(days=1)
    if time == "week":
        return start + timedelta(weeks=1)
    month = start.month + _MONTHS[time]
    return date(start.year + (month > 12), month - 12 if month > 12 else month, 1)


def bucket_starts(period: Period, time: str) -> list[date]:
    """Return the buckets that a period touches, by their first days, oldest first."""
    starts = [bucket_start(period.first_date, time)]
    while (following := next_bucket(starts[-1], time)) <= period.last_date:
        starts.append(following)
    return starts


def bucket_number(start: date, time: str, period: Period) -> int:
    """Return how many buckets lie between the period's first and this one."""
    first = bucket_start(period.first_date, time)
    if time in ("day", "week"):
        return (start - first).days // (7 if time == "week" else 1)
    months = (start.year - first.year) * 12 + start.month - first.month
    return months // _MONTHS[time]


def is_whole(start: date, time: str, *, period: Period, running_date: date) -> bool:
    """Whether a bucket lies inside the period and is over: its last day is before the running day."""
    last = next_bucket(start, time) - timedelta(days=1)
    return period.first_date <= start and last <= period.last_date and last < running_date
