"""What every forecasting method must offer."""

from __future__ import annotations

from typing import Protocol, Self

from models.forecast.history import DemandHistory, FloatArray


class Forecaster(Protocol):
    """A method that learns from a history and gives mean daily demand after it.

    `predict` returns shape (n_series, horizon_days) in the series order of the history: finite, never
    negative, column 0 the day after the history's end. A series without a known day gets zeros.
    The same history gives the same bytes.
    """

    name: str
    version: str

    def fit(self, history: DemandHistory) -> Self:
        """Learn from the history and nothing else."""
        ...

    def predict(self, horizon_days: int) -> FloatArray:
        """Mean units per day for each series."""
        ...
