"""Exponential smoothing of each weekday, with statsforecast's estimator."""

from __future__ import annotations

from typing import Self

import numpy as np

from models.forecast.history import DemandHistory, FloatArray, by_weekday, repeat_week
from models.forecast.weekday_mean import recent_weekday_mean

_MIN_DAYS = 28
_FILL_SMOOTHING = 0.2


def fill_missing_days(demand_units: FloatArray) -> FloatArray:
    """Put the weekday's level so far in place of a missing day, so that it moves nothing.

    Each value is filled from days before it only. Days before a weekday's first known value stay NaN.

    Examples
    --------
    >>> fill_missing_days(np.array([[4.0, 1, 1, 1, 1, 1, 1, np.nan, 1]]))[0, 7]
    np.float64(4.0)
    """
    weeks = by_weekday(demand_units)
    filled = weeks.copy()
    level = np.full((weeks.shape[0], 7), np.nan)
    for week in range(weeks.shape[1]):
        value = weeks[:, week]
        known = ~np.isnan(value)
        filled[:, week] = np.where(known, value, level)
        started = np.isnan(level)
        level = np.where(known, np.where(started, value, level + _FILL_SMOOTHING * (value - level)), level)
    n_days = demand_units.shape[1]
    return filled.reshape(weeks.shape[0], -1)[:, weeks.shape[1] * 7 - n_days :]


class SeasonalSmoothing:
    """Seasonal exponential smoothing, its weight optimised for each weekday.

    Series younger than four weeks take the weekday mean, because there is nothing to optimise on.
    """

    name = "seasonal_es"
    version = "1"

    def fit(self, history: DemandHistory) -> Self:
        """Smooth each series; about 0.1 ms a series."""
        # Imported here: statsforecast takes seconds to import and only this method needs it.
        from statsforecast.models import SeasonalExponentialSmoothingOptimized

        estimator = SeasonalExponentialSmoothingOptimized(season_length=7)
        filled = fill_missing_days(history.demand_units)
        self._week = recent_weekday_mean(history.demand_units, n_weeks=8)
        n_gapless = (np.cumsum(np.isnan(filled[:, ::-1]), axis=1) == 0).sum(axis=1)
        for row in np.flatnonzero(n_gapless >= _MIN_DAYS):
            values = filled[row, history.n_days - n_gapless[row] :]
            self._week[row] = np.maximum(estimator.forecast(y=values, h=7)["mean"], 0.0)
        return self

    def predict(self, horizon_days: int) -> FloatArray:
        """Repeat the smoothed week."""
        return repeat_week(self._week, horizon_days)
