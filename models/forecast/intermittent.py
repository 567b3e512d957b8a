"""Demand that comes now and then: its chance and its size are smoothed apart."""

from __future__ import annotations

from typing import Self

import numpy as np

from models.forecast.history import DemandHistory, FloatArray


def forecast_tsb(
    demand_units: FloatArray, *, chance_smoothing: float = 0.1, size_smoothing: float = 0.1
) -> FloatArray:
    """Forecast the mean daily demand of intermittent items.

    Unlike Croston's method, the chance falls on every day without demand, so a dying item fades out.

    Parameters
    ----------
    demand_units : ndarray of shape (n_series, n_days)
        Units per day, oldest first; NaN is missing and changes nothing.
    chance_smoothing, size_smoothing : float, default=0.1
        Weight of the newest observation, inside (0, 1).

    Returns
    -------
    ndarray of shape (n_series,)
        Expected units per day: a rate, not a whole number.

    References
    ----------
    Teunter, Syntetos and Babai (2011), European Journal of Operational Research 214(3), 606-615.

    Examples
    --------
    >>> forecast_tsb(np.array([[0.0, 4.0, 0.0, 4.0]]), chance_smoothing=0.5, size_smoothing=0.5)
    array([2.5])
    """
    n_series = demand_units.shape[0]
    chance = np.full(n_series, np.nan)
    size = np.zeros(n_series)
    by_day = np.ascontiguousarray(demand_units.T)  # a day of all series lies together in memory
    for value in by_day:
        known = ~np.isnan(value)
        occurs = (value > 0).astype(np.float64)
        # The first known day starts the chance; after eight weeks it weighs 6 % at the default used below.
        updated = np.where(np.isnan(chance), occurs, chance + chance_smoothing * (occurs - chance))
        chance = np.where(known, updated, chance)
        sold = known & (value > 0)
        grown = np.where(size == 0, value, size + size_smoothing * (value - size))
        size = np.where(sold, grown, size)
    return np.where(np.isnan(chance), 0.0, chance) * size


class Intermittent:
    """Teunter-Syntetos-Babai smoothing; the same rate on every day of the horizon."""

    name = "tsb"
    version = "1"

    def fit(self, history: DemandHistory) -> Self:
        """Smooth chance and size of all series together."""
        # A chance smoothed at 0.1 forgets half in a week, too nervous for items that sell monthly.
        self._rate = forecast_tsb(history.demand_units, chance_smoothing=0.05, size_smoothing=0.1)
        return self

    def predict(self, horizon_days: int) -> FloatArray:
        """Give the rate for every day."""
        return np.repeat(self._rate[:, None], horizon_days, axis=1)
