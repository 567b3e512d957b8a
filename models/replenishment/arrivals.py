"""On which day each order arrives, path by path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.paths import series_generator
from models.replenishment.calendars import DateArray, IntArray
from models.replenishment.economics import Window
from models.replenishment.items import CleanItems
from models.replenishment.lead_times import LeadTime, LeadTimeBook
from models.replenishment.settings import PlanSettings

# Beyond this quantile of the supplier's times, a later promise is believed.
_PLAUSIBLE_LEVEL = 0.95
UNKNOWN_SUPPLIER = ""


@dataclass(frozen=True)
class ArrivalDraws:
    """Draws arrival days (0 is `as_of`) of orders to suppliers, on `n_paths` common paths.

    All orders to one supplier share one draw of luck per path: what is ordered together arrives
    together, and an order made later never overtakes one made earlier. That a second run proposes
    nothing for what the first has ordered rests on this.
    """

    book: LeadTimeBook
    settings: PlanSettings
    as_of: date
    n_paths: int
    seed: int

    def lead_time(self, supplier_id: str, variant_id: str, quoted_days: int) -> LeadTime:
        """Distribution for one supplier and variant."""
        return self.book.lead_time(supplier_id, variant_id, quoted_days)

    def ordered_after(self, days: int, supplier_id: str, lead_time: LeadTime) -> IntArray:
        """Arrival day, per path, of an order sent `days` after `as_of`."""
        luck = series_generator(self.seed, f"supplier {supplier_id} review {days}").random(self.n_paths)
        return self._day(self.as_of + timedelta(days=days), lead_time.quantile(luck))

    def of_open_order(
        self, supplier_id: str, lead_time: LeadTime, *, sent_date: date | None, expected_date: date | None
    ) -> IntArray:
        """Arrival day, per path, of an order that exists already.

        Not yet sent: as if sent today. Sent: the lead time given that it is longer than the order's
        age, however late it is already, and never after an order sent today. A promised date counts
        where it lies beyond 95 % of the supplier's lead times: then the order is known to come late.
        """
        today = self.ordered_after(0, supplier_id, lead_time)
        if sent_date is None or sent_date > self.as_of:
            return today
        slowest = self._day(sent_date, lead_time.quantile(np.array([_PLAUSIBLE_LEVEL])))[0]
        if expected_date is not None and (expected_date - self.as_of).days > max(slowest, today.max()):
            return np.full(self.n_paths, (expected_date - self.as_of).days, dtype=np.int64)
        calendar = self.settings.calendar
        age = int(calendar.between(_dates(sent_date), _dates(self.as_of))[0])
        left = lead_time.longer_than(age)
        if left is None:
            return today
        luck = series_generator(self.seed, f"supplier {supplier_id} review 0").random(self.n_paths)
        return np.clip(self._day(sent_date, left.quantile(luck)), 0, today)

    def _day(self, start: date, working_days: IntArray) -> IntArray:
        arrival = self.settings.calendar.add(_dates(start), working_days)
        days: IntArray = (arrival - np.datetime64(self.as_of, "D")).astype(np.int64)
        return days


def draw_windows(draws: ArrivalDraws, items: CleanItems) -> Window:
    """Window of today's order for each item: from its arrival to that of the next review's order."""
    review = draws.settings.review_days
    arrival = np.empty((items.frame.height, draws.n_paths), dtype=np.int64)
    following = np.empty_like(arrival)
    drawn: dict[tuple[str, str, int], tuple[IntArray, IntArray]] = {}
    for row, key in enumerate(_terms(items.frame)):
        known = (key[0], key[1] if (key[0], key[1]) in draws.book.by_variant else "", key[2])
        if known not in drawn:
            lead_time = draws.lead_time(*key)
            drawn[known] = (
                draws.ordered_after(0, key[0], lead_time),
                draws.ordered_after(review, key[0], lead_time),
            )
        arrival[row], following[row] = drawn[known]
    end = np.maximum(arrival, following)
    return Window(arrival, end, end + draws.settings.cap_days)


def draw_receipts(
    draws: ArrivalDraws, orders: pl.DataFrame, items: CleanItems
) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Arrival days of all open orders (order, path), and a frame that says when each is expected.

    An order without a date, or whose date has passed, stays visible with the date it is now
    expected on.
    """
    quoted = dict(zip(items.frame["series_id"], items.frame["quoted_lead_time_days"], strict=True))
    days = np.empty((orders.height, draws.n_paths), dtype=np.int64)
    for row, order in enumerate(orders.iter_rows(named=True)):
        supplier_id = order["supplier_id"] or UNKNOWN_SUPPLIER
        quoted_days = quoted.get(order["series_id"], draws.settings.default_lead_time_days)
        days[row] = draws.of_open_order(
            supplier_id,
            draws.lead_time(supplier_id, order["variant_id"], quoted_days),
            sent_date=order["sent_date"],
            expected_date=order["expected_date"],
        )
    expected = days_to_dates(draws.as_of, np.quantile(days, 0.5, axis=1, method="inverted_cdf"))
    latest = days_to_dates(draws.as_of, np.quantile(days, 0.9, axis=1, method="inverted_cdf"))
    late = (pl.lit(draws.as_of) - pl.col("expected_date")).dt.total_days().clip(lower_bound=0)
    frame = orders.select(
        "restock_order_id",
        "series_id",
        "supplier_id",
        "open_units",
        "sent_date",
        "expected_date",
        days_late=late.fill_null(0),
        is_overdue=late.fill_null(0) > 0,
    ).with_columns(
        projected_receipt_date=pl.Series(expected, dtype=pl.Date),
        projected_receipt_p90_date=pl.Series(latest, dtype=pl.Date),
    )
    return days, frame


def _dates(day: date) -> DateArray:
    return np.array([day], dtype="datetime64[D]")


def days_to_dates(as_of: date, days: NDArray[np.generic]) -> list[date]:
    """Turn day numbers into dates."""
    return [as_of + timedelta(days=int(day)) for day in days]


def needed_horizon_days(draws: ArrivalDraws, items: CleanItems) -> int:
    """Days of sample paths that a plan needs: nearly all windows and their holding end inside.

    The 95 % quantile over paths of the slowest item.
    """
    if items.frame.is_empty():
        return draws.settings.review_days + draws.settings.cap_days
    ends = draw_windows(draws, items).holding_end
    return int(np.quantile(ends, 0.95, axis=1, method="inverted_cdf").max())


def _terms(frame: pl.DataFrame) -> list[tuple[str, str, int]]:
    return [
        (supplier or UNKNOWN_SUPPLIER, variant, quoted)
        for supplier, variant, quoted in frame.select(
            "supplier_id", "variant_id", "quoted_lead_time_days"
        ).iter_rows()
    ]
