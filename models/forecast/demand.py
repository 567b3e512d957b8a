"""The whole forecast of one company: choose methods, forecast, and draw coherent futures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.forecast.backtest import backtest
from models.forecast.errors import ForecastInputError
from models.forecast.history import DemandHistory, FloatArray, read_history
from models.forecast.paths import (
    BLOCK_DAYS,
    ForecastErrors,
    SamplePaths,
    learn_errors,
    order_statistic,
    sample_paths,
)
from models.forecast.registry import FORECASTERS, make_forecaster
from models.forecast.segments import classify_demand

# Below this age a series is cold: its own mean is trusted by n / (n + 28).
COLD_DAYS = 28
_COLD_LEVEL_SPREAD = 0.5
MAX_HORIZON_DAYS = 366

DAILY_SCHEMA = {
    "series_id": pl.String,
    "forecast_date": pl.Date,
    "mean_units": pl.Float64,
    "p10_units": pl.Float64,
    "p50_units": pl.Float64,
    "p90_units": pl.Float64,
    "model_name": pl.String,
    "model_version": pl.String,
    "training_end_date": pl.Date,
}


@dataclass(frozen=True)
class ForecastResult:
    """A forecast with its uncertainty and its record.

    `daily` has one row per series and day. The quantiles are of single days: for a sum over days read
    `paths`. `accuracy` has one row per series and method, `summary` one per method and one for the
    chosen mixture (``champion``), both from the backtest.
    """

    daily: pl.DataFrame
    paths: SamplePaths
    accuracy: pl.DataFrame
    summary: pl.DataFrame


def forecast_demand(
    history: pl.DataFrame,
    *,
    training_end: date,
    horizon_days: int,
    n_paths: int = 200,
    seed: int,
    candidates: Sequence[str] = tuple(FORECASTERS),
    max_threads: int = 1,
) -> ForecastResult:
    """Forecast daily demand of all series of one company.

    Rows after `training_end` change nothing. Methods are chosen by backtest (`models.forecast.backtest`).
    A cold series (under 28 days old) is pulled towards what series of this company sold in their first
    28 days, and gets a wide lasting error (variance 0.5), because that pull is often wrong.

    Parameters
    ----------
    history : DataFrame
        ``series_id``, ``demand_date``, ``demand_units``, ``is_out_of_stock``; see `read_history`.
    training_end : date
        Last day that may be used; the forecast begins the day after.
    horizon_days : int
        Days ahead, 1 to 366.
    n_paths : int, default=200
        Futures per series.
    seed : int
        Same seed and history, same bytes.
    candidates : sequence of str
        Methods to try; seasonal naive and the weekday mean always compete.
    max_threads : int, default=1
        Threads for drawing futures; the result doesn't depend on it.

    Returns
    -------
    ForecastResult

    Raises
    ------
    ForecastInputError
        If the history is malformed, or an option is out of range.
    """
    if not 1 <= horizon_days <= MAX_HORIZON_DAYS:
        raise ForecastInputError(f"horizon_days must be 1 to {MAX_HORIZON_DAYS}, not {horizon_days}")
    known = read_history(history, training_end=training_end)
    first_date = training_end + timedelta(days=1)
    chosen = backtest(known, candidates=candidates)
    mean = _predict(known, chosen.champions, horizon_days)
    errors = learn_errors(
        known,
        classify_demand(known.demand_units),
        lambda past: _predict(past, chosen.champions, BLOCK_DAYS),
    )
    is_cold = known.age_days < COLD_DAYS
    mean = _warm(known, mean, is_cold)
    paths = sample_paths(
        mean,
        _widen(errors, is_cold),
        series_ids=known.series_ids,
        first_date=first_date,
        n_paths=n_paths,
        seed=seed,
        max_threads=max_threads,
    )
    daily = _daily(known, mean, paths, chosen.champions)
    return ForecastResult(daily, paths, chosen.accuracy, chosen.summary)


def _predict(history: DemandHistory, champions: tuple[str, ...], horizon_days: int) -> FloatArray:
    mean = np.zeros((len(history.series_ids), horizon_days))
    names = np.array(champions, dtype=object)
    for name in sorted(set(champions)):
        rows = np.flatnonzero(names == name)
        mean[rows] = make_forecaster(name).fit(history.select(rows)).predict(horizon_days)
    return mean


def _warm(history: DemandHistory, mean: FloatArray, is_cold: np.ndarray) -> FloatArray:
    """Pull cold series towards the first 28 days of others; weight n / (n + 28) on their own mean."""
    prior = _starting_level(history)
    if prior is None or not is_cold.any():
        return mean
    n_known = (~np.isnan(history.demand_units)).sum(axis=1)
    own_weight = np.where(is_cold, n_known / (n_known + COLD_DAYS), 1.0)[:, None]
    return own_weight * mean + (1 - own_weight) * prior


def _starting_level(history: DemandHistory) -> float | None:
    """Mean daily demand of series in their first 28 days, the upper tenth cut to the 90 % quantile.

    Series that were there when the history begins are left out: their start isn't seen. One best seller
    must not set the level for every new item, hence the cut. None if no start was seen whole.
    """
    started = np.flatnonzero((history.first_day > 0) & (history.age_days >= COLD_DAYS))
    if len(started) == 0:
        return None
    days = history.first_day[started, None] + np.arange(COLD_DAYS)
    units = history.demand_units[started[:, None], days]
    seen = ~np.isnan(units)
    level = np.where(seen, units, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return float(np.minimum(level, np.quantile(level, 0.9)).mean())


def _widen(errors: ForecastErrors, is_cold: np.ndarray) -> ForecastErrors:
    spread = np.where(is_cold, np.maximum(errors.level_spread, _COLD_LEVEL_SPREAD), errors.level_spread)
    return ForecastErrors(errors.blocks, spread, errors.dispersion)


def _daily(
    history: DemandHistory, mean: FloatArray, paths: SamplePaths, champions: tuple[str, ...]
) -> pl.DataFrame:
    n_series, horizon_days = mean.shape
    ordered = np.swapaxes(paths.units, 1, 2)
    quantiles = {
        f"p{round(100 * level)}_units": order_statistic(ordered, level).ravel().astype(np.float64)
        for level in (0.1, 0.5, 0.9)
    }
    dates = [paths.first_date + timedelta(days=day) for day in range(horizon_days)]
    versions = [make_forecaster(name).version for name in champions]
    return pl.DataFrame(
        {
            "series_id": np.repeat(np.array(history.series_ids, dtype=np.str_), horizon_days),
            "forecast_date": dates * n_series,
            "mean_units": mean.ravel(),
            **quantiles,
            "model_name": np.repeat(np.array(champions, dtype=np.str_), horizon_days),
            "model_version": np.repeat(np.array(versions, dtype=np.str_), horizon_days),
            "training_end_date": [history.end_date] * (n_series * horizon_days),
        },
        schema=DAILY_SCHEMA,
    )
