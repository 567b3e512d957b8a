"""Periods of local days, and the period that each is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

MAX_DAYS = 366


@dataclass(frozen=True)
class Period:
    """Days ``first_date`` to ``last_date`` in the company's time zone, both included."""

    first_date: date
    last_date: date

    def __post_init__(self) -> None:
        if self.last_date < self.first_date:
            raise ValueError("the period ends before it begins")
        if self.days > MAX_DAYS:
            raise ValueError(f"the period is longer than {MAX_DAYS} days")

    @property
    def days(self) -> int:
        return (self.last_date - self.first_date).days + 1

    def before(self) -> Period:
        """Return as many days before, on the same weekdays: a Saturday is compared with a Saturday.

        >>> Period(date(2026, 3, 1), date(2026, 3, 30)).before()
        Period(first_date=datetime.date(2026, 1, 25), last_date=datetime.date(2026, 2, 23))
        """
        shift = timedelta(days=-(-self.days // 7) * 7)
        return Period(self.first_date - shift, self.last_date - shift)


def last_days(horizon_date: date, days: int) -> Period:
    """Return the ``days`` whole days that end with ``horizon_date``."""
    return Period(horizon_date - timedelta(days=days - 1), horizon_date)
