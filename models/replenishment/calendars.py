"""Working days: suppliers pick, pack and deliver on them, so lead times are counted in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
DateArray = NDArray[np.datetime64]


@dataclass(frozen=True)
class WorkingCalendar:
    """Weekdays worked (Monday first) and days off; Monday to Friday unless said otherwise.

    Examples
    --------
    >>> friday = np.array(["2026-11-20"], dtype="datetime64[D]")
    >>> WorkingCalendar().add(friday, np.array([5]))
    array(['2026-11-27'], dtype='datetime64[D]')
    """

    weekdays: tuple[bool, bool, bool, bool, bool, bool, bool] = (True, True, True, True, True, False, False)
    holidays: tuple[date, ...] = ()

    @property
    def days_per_week(self) -> int:
        """Working days in a week without holidays."""
        return sum(self.weekdays)

    def add(self, start: DateArray, working_days: IntArray) -> DateArray:
        """Go forward (or back) by working days; a start on a day off counts from the next working day."""
        moved: DateArray = np.busday_offset(
            start,
            working_days,
            roll="forward",
            weekmask=self.weekdays,
            holidays=np.array(self.holidays, dtype="datetime64[D]"),
        )
        return moved

    def between(self, start: DateArray, end: DateArray) -> IntArray:
        """Working days from `start` up to, not including, `end`."""
        return np.busday_count(
            start,
            end,
            weekmask=self.weekdays,
            holidays=np.array(self.holidays, dtype="datetime64[D]"),
        ).astype(np.int64)

    def from_calendar_days(self, calendar_days: float) -> int:
        """Translate a quoted time in calendar days to working days, upwards."""
        return int(np.ceil(calendar_days * self.days_per_week / 7 - 1e-9))
