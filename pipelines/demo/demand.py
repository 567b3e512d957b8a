"""What the customers of a demo company want to buy: day by day, shop by shop, variant by variant."""

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan, Pattern

NEW_PRODUCT_DAYS_AGO = 75
DEAD_SINCE_DAYS_AGO = 210
_YEAR_DAYS = 365.25
_LUMP_UNITS = 2.5
_GAMMA_SHAPE = 3.0
_SHOP_WEEK = (0.8, 0.85, 0.9, 1.0, 1.15, 1.5, 0.8)
_ONLINE_WEEK = (1.15, 1.05, 1.0, 0.95, 0.85, 0.9, 1.1)


def draw_demand(
    plan: CompanyPlan,
    assortment: Assortment,
    dates: NDArray[np.datetime64],
    uplift: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw the units wanted, of shape (days, shops, variants), whether or not there is stock.

    A day's mean is base x shop's share x weekday x season x trend x promotion x the item's pattern.
    Counts are Poisson around a gamma-distributed mean, so busier days also vary more; an intermittent item
    sells in lumps on few days.
    """
    mean = _mean_demand(plan, assortment, dates, uplift)
    mood = random.gamma(60.0, 1 / 60.0, size=mean.shape[:2])[:, :, None]
    smooth = random.poisson(random.gamma(_GAMMA_SHAPE, mean * mood / _GAMMA_SHAPE))
    is_sale_day = random.random(mean.shape) < mean / _LUMP_UNITS
    lumpy = is_sale_day * (1 + random.poisson(_LUMP_UNITS - 1, size=mean.shape))
    demand = smooth.astype(np.int64)
    intermittent = assortment.with_pattern("intermittent")
    demand[:, :, intermittent] = lumpy[:, :, intermittent]
    return demand


def season_factor(season: str, dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return the season's factor of each day, 1 on average over a year."""
    day = (dates - dates.astype("datetime64[Y]")).astype(np.int64).astype(np.float64)
    factor = _raw_season(season, day)
    normalised: NDArray[np.float64] = factor / _raw_season(season, np.arange(365.0)).mean()
    return normalised


def _raw_season(season: str, day: NDArray[np.float64]) -> NDArray[np.float64]:
    def wave(peak: float, height: float) -> NDArray[np.float64]:
        result: NDArray[np.float64] = 1 + height * np.cos(2 * np.pi * (day - peak) / _YEAR_DAYS)
        return result

    def hump(peak: float, height: float, width: float) -> NDArray[np.float64]:
        distance = np.abs(day - peak)
        distance = np.minimum(distance, _YEAR_DAYS - distance)
        result: NDArray[np.float64] = height * np.exp(-0.5 * (distance / width) ** 2)
        return result

    shapes = {
        "flat": lambda: 1 + hump(345, 0.5, 14),
        "spring": lambda: 1 + hump(88, 1.1, 16),
        "summer": lambda: wave(190, 0.75),
        "autumn": lambda: wave(295, 0.35) + hump(345, 0.6, 14),
        "winter": lambda: wave(355, 0.5) + hump(345, 0.7, 14),
        "christmas": lambda: 0.06 + hump(338, 6.0, 15),
    }
    return shapes[season]()


def _mean_demand(
    plan: CompanyPlan,
    assortment: Assortment,
    dates: NDArray[np.datetime64],
    uplift: NDArray[np.float64],
) -> NDArray[np.float64]:
    days = len(dates)
    weekday = (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    seasons = {season: season_factor(season, dates) for season in set(assortment.seasons)}
    ages = days - np.arange(days)
    growth = (1 + plan.yearly_growth) ** ((days / 2 - ages) / _YEAR_DAYS)
    by_variant = np.stack(
        [
            assortment.daily_units[variant]
            * seasons[assortment.seasons[variant]]
            * _pattern_factor(pattern, ages)
            for variant, pattern in enumerate(assortment.patterns)
        ],
        axis=1,
    )
    by_variant = by_variant * growth[:, None] * uplift
    shop_week = np.array([_ONLINE_WEEK if shop.is_online else _SHOP_WEEK for shop in plan.shops])
    shares = np.array([shop.share for shop in plan.shops])
    by_shop = shares[None, :] * shop_week[:, weekday].T
    mean: NDArray[np.float64] = by_shop[:, :, None] * by_variant[:, None, :]
    return mean


def _pattern_factor(pattern: Pattern, ages: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the pattern's factor by days before the end of the history."""
    years_before_middle = (ages - ages.max() / 2) / _YEAR_DAYS
    factors: dict[Pattern, NDArray[np.float64]] = {
        "steady": np.ones(len(ages)),
        "intermittent": np.ones(len(ages)),
        "growing": 1.6**-years_before_middle,
        "fading": 0.6**-years_before_middle,
        "new": np.where(
            ages <= NEW_PRODUCT_DAYS_AGO, np.clip((NEW_PRODUCT_DAYS_AGO - ages + 1) / 21, 0.2, 1.0), 0.0
        ),
        "dead": np.clip((ages - DEAD_SINCE_DAYS_AGO) / 150, 0.0, 1.0),
    }
    return factors[pattern]
