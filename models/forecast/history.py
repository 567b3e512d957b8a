"""Daily demand per series as one dense matrix, missing days marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.errors import ForecastInputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Three years: older days say nothing to methods whose longest season is a week, and cost memory.
MAX_HISTORY_DAYS = 1096
_COLUMNS = ("series_id", "demand_date", "demand_units", "is_out_of_stock")


@dataclass(frozen=True)
class DemandHistory:
    """Demand of all series up to one day, the newest day in the last column.

    ``demand_units`` has shape (n_series, n_days). NaN is a day without knowledge: before the series'
    first row, or out of stock. Zero is a day on which nobody wanted the item.
    ``first_day`` holds the column of each series' first row (n_days if it starts later).
    """

    series_ids: tuple[str, ...]
    end_date: date
    demand_units: FloatArray
    first_day: IntArray

    @property
    def n_days(self) -> int:
        """Days in the matrix."""
        return int(self.demand_units.shape[1])

    @property
    def age_days(self) -> IntArray:
        """Days since each series' first row, that day included."""
        return self.n_days - self.first_day

    def until(self, days_before_end: int) -> DemandHistory:
        """Give what was known `days_before_end` days earlier; nothing later is reachable from it."""
        n_days = self.n_days - days_before_end
        return DemandHistory(
            series_ids=self.series_ids,
            end_date=date.fromordinal(self.end_date.toordinal() - days_before_end),
            demand_units=self.demand_units[:, :n_days],
            first_day=np.minimum(self.first_day, n_days),
        )

    def select(self, rows: IntArray) -> DemandHistory:
        """Keep some series, in the order given."""
        return DemandHistory(
            series_ids=tuple(self.series_ids[row] for row in rows),
            end_date=self.end_date,
            demand_units=self.demand_units[rows],
            first_day=self.first_day[rows],
        )


def read_history(frame: pl.DataFrame, *, training_end: date) -> DemandHistory:
    """Lay a long frame out as a matrix that ends on `training_end`.

    Rows after `training_end` are dropped before anything is computed. Days without a row, between a
    series' first row and `training_end`, count as zero demand. Out-of-stock days become NaN.

    Parameters
    ----------
    frame : DataFrame
        ``series_id`` str, ``demand_date`` date, ``demand_units`` float (units wanted that day),
        ``is_out_of_stock`` bool; one row per series and day, in any order.
    training_end : date
        Last day that may be used, in the company's time zone.

    Returns
    -------
    DemandHistory
        Series sorted by id; at most MAX_HISTORY_DAYS days.

    Raises
    ------
    ForecastInputError
        If a column is missing, a value is null, negative or not finite, or a day is there twice.

    Examples
    --------
    >>> frame = pl.DataFrame(
    ...     {
    ...         "series_id": ["a", "a"],
    ...         "demand_date": [date(2026, 1, 1), date(2026, 1, 3)],
    ...         "demand_units": [2.0, 5.0],
    ...         "is_out_of_stock": [False, True],
    ...     }
    ... )
    >>> read_history(frame, training_end=date(2026, 1, 4)).demand_units
    array([[ 2.,  0., nan,  0.]])
    """
    rows = _checked(frame, training_end)
    if rows.is_empty():
        return DemandHistory((), training_end, np.empty((0, 0)), np.empty(0, dtype=np.int64))
    series_ids = rows["series_id"].unique().sort()
    end = training_end.toordinal()
    age = np.array([end - day.toordinal() for day in rows["demand_date"].unique().sort()])
    n_days = min(int(age.max()) + 1, MAX_HISTORY_DAYS)

    lookup = pl.DataFrame({"series_id": series_ids, "row": np.arange(len(series_ids))})
    coded = rows.join(lookup, on="series_id", how="left").with_columns(
        day=(n_days - 1) - (pl.lit(training_end) - pl.col("demand_date")).dt.total_days()
    )
    first_day = (
        coded.group_by("row").agg(pl.col("day").min()).sort("row")["day"].to_numpy().astype(np.int64)
    ).clip(min=0)

    coded = coded.filter(pl.col("day") >= 0)
    demand = np.where(np.arange(n_days)[None, :] < first_day[:, None], np.nan, 0.0)
    units = coded["demand_units"].to_numpy().astype(np.float64)
    missing = coded["is_out_of_stock"].to_numpy()
    demand[coded["row"].to_numpy(), coded["day"].to_numpy()] = np.where(missing, np.nan, units)
    return DemandHistory(tuple(series_ids.to_list()), training_end, demand, first_day)


def _checked(frame: pl.DataFrame, training_end: date) -> pl.DataFrame:
    absent = [name for name in _COLUMNS if name not in frame.columns]
    if absent:
        raise ForecastInputError(f"history lacks the columns {', '.join(absent)}")
    rows = frame.select(_COLUMNS).filter(pl.col("demand_date") <= training_end)
    if sum(rows.null_count().row(0)):
        raise ForecastInputError("history has empty values")
    units = rows["demand_units"].cast(pl.Float64)
    if not bool(units.is_finite().all()) or not bool((units >= 0).all()):
        raise ForecastInputError("demand_units must be finite and not negative")
    if rows.select("series_id", "demand_date").is_duplicated().any():
        raise ForecastInputError("history has a series and day more than once")
    return rows


def by_weekday(demand_units: FloatArray) -> FloatArray:
    """View (n_series, n_days) as (n_series, n_weeks, 7), padded with NaN in front.

    Position j of the last axis is the weekday of the j-th day after the end, so the forecast of day h
    (from 1) reads position ``(h - 1) % 7``.
    """
    n_series, n_days = demand_units.shape
    padding = -n_days % 7
    padded = np.pad(demand_units, ((0, 0), (padding, 0)), constant_values=np.nan)
    return padded.reshape(n_series, (n_days + padding) // 7, 7)


def repeat_week(week: FloatArray, horizon_days: int) -> FloatArray:
    """Repeat a forecast of seven days (n_series, 7) over the horizon."""
    return week[:, np.arange(horizon_days) % 7]
