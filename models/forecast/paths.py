"""Sample paths of daily demand that keep their errors together, over days and over items."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from models.forecast.backtest import block_actual, shrunk_dispersion
from models.forecast.errors import ForecastInputError
from models.forecast.history import DemandHistory, FloatArray, IntArray

BLOCK_DAYS = 28
MAX_BLOCKS = 22
MAX_UNITS = 32_000
# Demand of five units a day at the forecast: a company that sells little has no visible common error.
_PRIOR_UNITS = 5.0


@dataclass(frozen=True)
class SamplePaths:
    """Possible futures of daily demand: ``units[series, path, day]`` as int16.

    One path is one future of the whole company, so sums over days and over series may be taken path
    by path and their quantiles read afterwards; quantiles of days must never be added. Day 0 is
    `first_date`.
    """

    series_ids: tuple[str, ...]
    first_date: date
    units: NDArray[np.int16]

    def __post_init__(self) -> None:
        if self.units.ndim != 3 or self.units.shape[0] != len(self.series_ids):
            raise ForecastInputError("paths need the shape (series, paths, days)")

    @property
    def n_paths(self) -> int:
        """Futures per series."""
        return int(self.units.shape[1])

    @property
    def horizon_days(self) -> int:
        """Days ahead."""
        return int(self.units.shape[2])


@dataclass(frozen=True)
class ForecastErrors:
    """How forecasts went wrong, learnt from days that they had not seen.

    `blocks` (n_blocks, 28) are ratios of demand to forecast of the whole company on consecutive days,
    all starting on the weekday of the first forecast day, with mean 1. `level_spread` is the variance
    of an item's lasting error (a factor with mean 1) and `dispersion` the daily overdispersion, both
    per series.
    """

    blocks: FloatArray
    level_spread: FloatArray
    dispersion: FloatArray


def learn_errors(
    history: DemandHistory,
    segments: IntArray,
    predict: Callable[[DemandHistory], FloatArray],
) -> ForecastErrors:
    """Measure forecast errors on up to 22 four-week blocks, one starting each week.

    Parameters
    ----------
    history : DemandHistory
        Everything known up to the training end.
    segments : ndarray of shape (n_series,)
        Kind of demand; the lasting error is measured per kind.
    predict : callable
        Gives 28 days of mean demand from a history that ends earlier.

    Returns
    -------
    ForecastErrors
        With blocks of ones, dispersion 0.5 and level spread 0.1 if the history is under eight weeks.
    """
    n_series = len(history.series_ids)
    n_blocks = min(MAX_BLOCKS, (history.n_days - 2 * BLOCK_DAYS) // 7 + 1)
    if n_blocks < 1 or n_series == 0:
        return ForecastErrors(np.ones((1, BLOCK_DAYS)), np.full(n_series, 0.1), np.full(n_series, 0.5))
    origins = [BLOCK_DAYS + 7 * block for block in range(n_blocks)]
    actual = np.stack([block_actual(history, origin, BLOCK_DAYS) for origin in origins])
    mean = np.stack([predict(history.until(origin)) for origin in origins])
    mean = np.where(np.isnan(actual), 0.0, np.maximum(mean, 1e-6))
    actual = np.nan_to_num(actual)

    ratio = (actual.sum(axis=1) + _PRIOR_UNITS) / (mean.sum(axis=1) + _PRIOR_UNITS)
    given_company = mean * ratio[:, None, :]
    square = ((actual - given_company) ** 2 - given_company).sum(axis=(0, 2))
    dispersion = shrunk_dispersion(square, (given_company**2).sum(axis=(0, 2)))
    spread = _level_spread(actual.sum(axis=2), given_company, dispersion, segments)
    return ForecastErrors(ratio / ratio.mean(), spread, dispersion)


def _level_spread(
    actual_sum: FloatArray, mean: FloatArray, dispersion: FloatArray, segments: IntArray
) -> FloatArray:
    """Variance of four-week sums beyond what independent days would give, per kind of demand."""
    expected = mean.sum(axis=2)
    by_chance = (mean + dispersion[None, :, None] * mean**2).sum(axis=2)
    beyond = ((actual_sum - expected) ** 2 - by_chance).sum(axis=0)
    weight = (expected**2).sum(axis=0)
    n_segments = int(segments.max()) + 1
    above = np.bincount(segments, beyond, n_segments)
    below = np.bincount(segments, weight, n_segments)
    ratio = np.divide(above, below, out=np.full(n_segments, 0.1), where=below > 0)
    spread: FloatArray = np.clip(ratio, 0.005, 1.0)[segments]
    return spread


def sample_paths(
    mean_units: FloatArray,
    errors: ForecastErrors,
    *,
    series_ids: tuple[str, ...],
    first_date: date,
    n_paths: int,
    seed: int,
    max_threads: int = 1,
) -> SamplePaths:
    """Draw futures: mean, times the company's error, times the item's lasting error, then daily chance.

    The company's error is a past block, the same for every series of a path (beyond 28 days another
    block follows, drawn anew). The lasting error is gamma with mean 1, one per item and path. Daily
    demand is negative binomial around their product. Each series draws from its own generator, made
    of `seed` and its id: another series joining changes nothing.

    Parameters
    ----------
    mean_units : ndarray of shape (n_series, horizon_days)
        Mean demand per day, not negative.
    errors : ForecastErrors
        In the order of `series_ids`.
    n_paths : int
        Futures per series, at least 1.
    seed : int
        Same seed and input, same bytes, whatever the number of threads.

    Returns
    -------
    SamplePaths
        Units per day, cut at 32,000.
    """
    n_series, horizon_days = mean_units.shape
    if n_paths < 1 or horizon_days < 1:
        raise ForecastInputError("n_paths and horizon_days must be at least 1")
    company = _company_errors(errors.blocks, n_paths=n_paths, horizon_days=horizon_days, seed=seed)
    units = np.zeros((n_series, n_paths, horizon_days), dtype=np.int16)

    def draw(row: int) -> None:
        if not mean_units[row].any():
            return
        generator = series_generator(seed, series_ids[row])
        spread, dispersion = errors.level_spread[row], errors.dispersion[row]
        level = generator.gamma(1 / spread, spread, size=(n_paths, 1))
        daily = generator.gamma(1 / dispersion, dispersion, size=(n_paths, horizon_days))
        rate = np.minimum(mean_units[row] * company * level * daily, MAX_UNITS)
        units[row] = np.minimum(generator.poisson(rate), MAX_UNITS)

    with ThreadPoolExecutor(max_workers=max_threads) as threads:
        list(threads.map(draw, range(n_series)))
    return SamplePaths(series_ids, first_date, units)


def _company_errors(blocks: FloatArray, *, n_paths: int, horizon_days: int, seed: int) -> FloatArray:
    n_chained = -(-horizon_days // blocks.shape[1])
    chosen = np.random.default_rng(seed).integers(len(blocks), size=(n_paths, n_chained))
    return blocks[chosen].reshape(n_paths, -1)[:, :horizon_days]


def series_generator(seed: int, name: str) -> np.random.Generator:
    """A generator that depends on the seed and a name only."""
    word = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    return np.random.default_rng([seed, word])


def order_statistic(samples: NDArray[np.generic], level: float) -> NDArray[np.generic]:
    """Smallest value that at least `level` of the samples (last axis) do not exceed.

    The k-th smallest with k = ceil(level * n), no interpolation: counts stay counts. A guard of 1e-9
    keeps floating noise from picking the next value on a tie.

    Examples
    --------
    >>> int(order_statistic(np.array([0, 0, 1, 3, 2, 0, 5, 8, 1, 0, 2, 14]), 1 / 1.2))
    5
    """
    n_samples = samples.shape[-1]
    rank = min(max(int(np.ceil(level * n_samples - 1e-9)), 1), n_samples) - 1
    return np.partition(samples, rank, axis=-1)[..., rank]
