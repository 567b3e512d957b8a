"""How long suppliers really take, learnt from what arrived and from what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.replenishment.calendars import IntArray, WorkingCalendar
from models.replenishment.errors import ReplenishmentInputError

FloatArray = NDArray[np.float64]

# A distribution seen n times weighs n / (n + 5) against the next wider one.
PRIOR_ORDERS = 5
LEAD_TIME_COLUMNS = ("supplier_id", "variant_id", "sent_date", "received_date", "units")


@dataclass(frozen=True)
class LeadTime:
    """Distribution of a lead time in working days from sending; `days` rise, `chances` add up to 1."""

    days: IntArray
    chances: FloatArray

    def quantile(self, levels: FloatArray) -> IntArray:
        """Lead time at each level: the fewest days with at least that chance.

        Examples
        --------
        >>> LeadTime(np.array([3, 7]), np.array([0.8, 0.2])).quantile(np.array([0.5, 0.8, 0.9]))
        array([3, 3, 7])
        """
        rank = np.searchsorted(np.cumsum(self.chances) + 1e-12, levels)
        return self.days[np.minimum(rank, len(self.days) - 1)]

    def longer_than(self, age_days: int) -> LeadTime | None:
        """Give the distribution knowing that `age_days` have passed in vain; None if none was ever longer."""
        left = self.days > age_days
        chance = float(self.chances[left].sum())
        return LeadTime(self.days[left], self.chances[left] / chance) if chance > 1e-9 else None


@dataclass(frozen=True)
class LeadTimeBook:
    """What is known of each supplier and of each supplier's variants, with the number of orders seen."""

    by_supplier: Mapping[str, tuple[LeadTime, int]]
    by_variant: Mapping[tuple[str, str], tuple[LeadTime, int]]
    calendar: WorkingCalendar

    def lead_time(self, supplier_id: str, variant_id: str, quoted_days: int) -> LeadTime:
        """Mix variant, supplier and quoted time: a part seen in n orders weighs n / (n + 5).

        `quoted_days` are the supplier's calendar days; they are all there is for a supplier never used.
        """
        quoted = LeadTime(np.array([self.calendar.from_calendar_days(quoted_days)]), np.ones(1))
        supplier = _shrink(self.by_supplier.get(supplier_id), quoted)
        return _shrink(self.by_variant.get((supplier_id, variant_id)), supplier)


def learn_lead_times(history: pl.DataFrame, *, as_of: date, calendar: WorkingCalendar) -> LeadTimeBook:
    """Learn lead times from receipts, partial ones by their units, and from what is still open.

    Orders still open at `as_of` say only that they take longer than their age. They enter as censored
    (Kaplan-Meier): leaving them out would make a supplier who has become late look punctual.

    Parameters
    ----------
    history : DataFrame
        ``supplier_id``, ``variant_id``, ``sent_date``, ``received_date`` (null: still open), ``units``;
        one row per receipt or open remainder. Cancelled orders don't belong here. Rows sent after
        `as_of`, without units, or received before they were sent say nothing and are left out.
        Receipts after `as_of` count as still open: the plan may not know them.
    as_of : date
        Day of the plan.
    calendar : WorkingCalendar
        Days on which suppliers work.

    Returns
    -------
    LeadTimeBook
    """
    absent = [name for name in LEAD_TIME_COLUMNS if name not in history.columns]
    if absent:
        raise ReplenishmentInputError(f"lead_time_history lacks the columns {', '.join(absent)}")
    rows = (
        history.select(LEAD_TIME_COLUMNS)
        .drop_nulls(["supplier_id", "sent_date", "units"])
        .filter(
            pl.col("sent_date") <= as_of,
            pl.col("units") > 0,
            pl.col("received_date").is_null() | (pl.col("received_date") >= pl.col("sent_date")),
        )
        .with_columns(is_open=pl.col("received_date").is_null() | (pl.col("received_date") > as_of))
        .with_columns(until=pl.when("is_open").then(pl.lit(as_of, dtype=pl.Date)).otherwise("received_date"))
    )
    sent = rows["sent_date"].to_numpy().astype("datetime64[D]")
    until = rows["until"].to_numpy().astype("datetime64[D]")
    rows = rows.with_columns(days=pl.Series(calendar.between(sent, until), dtype=pl.Int64))
    return LeadTimeBook(
        by_supplier={str(key[0]): fit for key, fit in _fit_groups(rows, ["supplier_id"]).items()},
        by_variant={
            (str(key[0]), str(key[1])): fit
            for key, fit in _fit_groups(rows, ["supplier_id", "variant_id"]).items()
        },
        calendar=calendar,
    )


def draw_lead_times(lead_time: LeadTime, *, n_draws: int, seed: int) -> IntArray:
    """Draw working days at random; the same seed gives the same draws."""
    return lead_time.quantile(np.random.default_rng(seed).random(n_draws))


def kaplan_meier(days: IntArray, units: FloatArray, is_open: NDArray[np.bool_]) -> LeadTime:
    """Distribution of lead times when some are only known to be longer than an age.

    Parameters
    ----------
    days : ndarray of shape (n,)
        Working days until receipt, or so far for what is open.
    units : ndarray of shape (n,)
        Weight of each observation.
    is_open : ndarray of shape (n,)
        Whether the row is still waiting.

    Returns
    -------
    LeadTime
        What is left after the longest receipt is put one day after the longest age.

    References
    ----------
    Kaplan and Meier (1958), Journal of the American Statistical Association 53(282), 457-481.

    Examples
    --------
    >>> kaplan_meier(np.array([4, 6, 8]), np.ones(3), np.array([False, True, False]))
    LeadTime(days=array([4, 8]), chances=array([0.33333333, 0.66666667]))
    """
    ages = np.unique(days)
    received = np.array([units[(days == age) & ~is_open].sum() for age in ages])
    at_risk = np.array([units[days >= age].sum() for age in ages])
    survival = np.cumprod(1 - received / at_risk)
    chances = -np.diff(survival, prepend=1.0)
    rest = float(survival[-1])
    if rest > 1e-9:
        ages, chances = np.append(ages, ages[-1] + 1), np.append(chances, rest)
    seen = chances > 1e-12
    return LeadTime(ages[seen].astype(np.int64), chances[seen] / chances[seen].sum())


def _fit_groups(rows: pl.DataFrame, keys: list[str]) -> dict[tuple[object, ...], tuple[LeadTime, int]]:
    fits: dict[tuple[object, ...], tuple[LeadTime, int]] = {}
    for key, group in rows.drop_nulls(keys).group_by(keys):
        is_open = group["is_open"].to_numpy()
        if is_open.all():
            continue
        fit = kaplan_meier(group["days"].to_numpy(), group["units"].cast(pl.Float64).to_numpy(), is_open)
        n_orders = group.filter(~pl.col("is_open")).select("variant_id", "sent_date").n_unique()
        fits[key] = (fit, n_orders)
    return fits


def _shrink(seen: tuple[LeadTime, int] | None, wider: LeadTime) -> LeadTime:
    if seen is None:
        return wider
    own, n_orders = seen
    weight = n_orders / (n_orders + PRIOR_ORDERS)
    days, position = np.unique(np.concatenate([own.days, wider.days]), return_inverse=True)
    weighted = np.concatenate([weight * own.chances, (1 - weight) * wider.chances])
    chances: FloatArray = np.bincount(position, weighted, len(days)).astype(np.float64)
    return LeadTime(days, chances)
