"""Measures of forecast error; days without knowledge (NaN in `actual`) never count."""

from __future__ import annotations

import numpy as np

from models.forecast.history import FloatArray

QUANTILES = (0.1, 0.5, 0.9)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    ratio: FloatArray = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return ratio


def wape(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    """Sum of absolute errors over the sum of demand, per row; NaN where nothing was demanded.

    >>> wape(np.array([[2.0, np.nan, 2.0]]), np.array([[1.0, 9.0, 2.0]]))
    array([0.25])
    """
    return _ratio(np.nansum(np.abs(forecast - actual), axis=-1), np.nansum(actual, axis=-1))


def bias_ratio(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    """Sum of forecast minus demand over the sum of demand, per row; positive means too high."""
    return _ratio(np.nansum(forecast - actual, axis=-1), np.nansum(actual, axis=-1))


def squared_scale(demand_units: FloatArray) -> FloatArray:
    """Mean squared one-day change of each series after its first sale: the M5 scale of squared errors."""
    started = np.maximum.accumulate(np.nan_to_num(demand_units) > 0, axis=1)[:, :-1]
    change = np.diff(demand_units, axis=1) ** 2
    counted = started & ~np.isnan(change)
    return _ratio(np.where(counted, change, 0.0).sum(axis=1), counted.sum(axis=1).astype(np.float64))


def mean_squared_error(actual: FloatArray, forecast: FloatArray) -> FloatArray:
    """Mean squared error per row over known days; NaN without one."""
    n_days = (~np.isnan(actual)).sum(axis=-1).astype(np.float64)
    return _ratio(np.nansum((forecast - actual) ** 2, axis=-1), n_days)


def rmsse(actual: FloatArray, forecast: FloatArray, scale: FloatArray) -> FloatArray:
    """Root mean squared error per row in terms of `squared_scale`; NaN where either is unknown or zero."""
    return np.sqrt(_ratio(mean_squared_error(actual, forecast), scale))


def pinball_units(actual: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Mean pinball loss per row over known days and the quantiles 0.1, 0.5 and 0.9, in units.

    `quantiles` has shape (3, n_series, n_days) against (n_series, n_days) of `actual`.
    """
    level = np.array(QUANTILES)[:, None, None]
    error = actual[None] - quantiles
    loss = np.maximum(level * error, (level - 1) * error).mean(axis=0)
    n_days = (~np.isnan(actual)).sum(axis=-1).astype(np.float64)
    return _ratio(np.nansum(loss, axis=-1), n_days)


def coverage_ratio(actual: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Share of known days, per row, with demand between two quantiles, bounds included.

    Of whole units a correct band holds at least its nominal share: slow movers show nearly 1.
    """
    known = ~np.isnan(actual)
    inside = known & (actual >= low) & (actual <= high)
    return _ratio(inside.sum(axis=-1).astype(np.float64), known.sum(axis=-1).astype(np.float64))
