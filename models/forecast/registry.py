"""The forecasting methods that can be chosen."""

from __future__ import annotations

from collections.abc import Callable

from models.forecast.errors import ForecastInputError
from models.forecast.intermittent import Intermittent
from models.forecast.method import Forecaster
from models.forecast.seasonal_smoothing import SeasonalSmoothing
from models.forecast.weekday_mean import SeasonalNaive, WeekdayMean

BASELINE = SeasonalNaive.name
# Chosen where a backtest is impossible: a new shop, or a series too young to be judged.
FLOOR = WeekdayMean.name

FORECASTERS: dict[str, Callable[[], Forecaster]] = {
    SeasonalNaive.name: SeasonalNaive,
    WeekdayMean.name: WeekdayMean,
    SeasonalSmoothing.name: SeasonalSmoothing,
    Intermittent.name: Intermittent,
}


def make_forecaster(name: str) -> Forecaster:
    """Make an unfitted forecaster, or say which names exist."""
    if name not in FORECASTERS:
        raise ForecastInputError(f"no forecaster {name!r}; there are {', '.join(FORECASTERS)}")
    return FORECASTERS[name]()
