"""Periods of local days, and the period that each is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Comparison = Literal["none", "previous", "last_year"]

MAX_DAYS = 3660
EARLIEST, LATEST = date(1970, 1, 1), date(2100, 12, 31)
_WEEKS_IN_A_YEAR = 52


class PeriodError(ValueError):
    """Days that make no period; ``is_first`` says which of the two is wrong."""

    def __init__(self, message: str, *, is_first: bool) -> None:
        super().__init__(message)
        self.is_first = is_first


@dataclass(frozen=True)
class Period:
    """Days ``first_date`` to ``last_date`` in the company's time zone, both included."""

    first_date: date
    last_date: date

    def __post_init__(self) -> None:
        if self.last_date < self.first_date:
            raise PeriodError("the period ends before it begins", is_first=False)
        if self.first_date < EARLIEST:
            raise PeriodError(f"a period begins on {EARLIEST} at the earliest", is_first=True)
        if self.last_date > LATEST:
            raise PeriodError(f"a period ends on {LATEST} at the latest", is_first=False)
        if self.days > MAX_DAYS:
            raise PeriodError(f"a period may have {MAX_DAYS} days at most", is_first=True)

    @property
    def days(self) -> int:
        return (self.last_date - self.first_date).days + 1

    def before(self) -> Period:
        """Return as many days before, on the same weekdays: a Saturday is compared with a Saturday.

        >>> Period(date(2026, 3, 1), date(2026, 3, 30)).before()
        Period(first_date=datetime.date(2026, 1, 25), last_date=datetime.date(2026, 2, 23))
        """
        return self._weeks_earlier(-(-self.days // 7))

    def last_year(self) -> Period:
        """Return the same weekdays 52 weeks before.

        >>> Period(date(2026, 11, 16), date(2026, 11, 22)).last_year()
        Period(first_date=datetime.date(2025, 11, 17), last_date=datetime.date(2025, 11, 23))
        """
        return self._weeks_earlier(_WEEKS_IN_A_YEAR)

    def compared(self, comparison: Comparison) -> Period | None:
        """Return the period to compare with; none if nothing is compared, or it lies before all data."""
        if comparison == "none":
            return None
        try:
            return self.before() if comparison == "previous" else self.last_year()
        except PeriodError:
            return None

    def _weeks_earlier(self, weeks: int) -> Period:
        shift = timedelta(weeks=weeks)
        return Period(self.first_date - shift, self.last_date - shift)


def last_days(horizon_date: date, days: int) -> Period:
    """Return the ``days`` whole days that end with ``horizon_date``."""
    return Period(horizon_date - timedelta(days=days - 1), horizon_date)
