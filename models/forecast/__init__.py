"""Forecasts of daily demand: methods, backtest, and coherent sample paths."""

from models.forecast.demand import ForecastResult, forecast_demand
from models.forecast.errors import ForecastInputError
from models.forecast.paths import SamplePaths

__all__ = ["ForecastInputError", "ForecastResult", "SamplePaths", "forecast_demand"]
