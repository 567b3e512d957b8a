"""What every registered forecasting method keeps."""

from datetime import date

import numpy as np
import pytest

from models.forecast.errors import ForecastInputError
from models.forecast.history import DemandHistory, read_history
from models.forecast.registry import BASELINE, FLOOR, FORECASTERS, make_forecaster
from tests.models.model_inputs import make_history, random_history

END = date(2026, 6, 30)


@pytest.fixture(params=sorted(FORECASTERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def history_of(demand: list[list[float]]) -> DemandHistory:
    frame = make_history({f"s{row}": units for row, units in enumerate(demand)}, end=END)
    return read_history(frame, training_end=END)


def test_forecast_is_finite_and_not_negative(name: str) -> None:
    history = read_history(random_history(n_series=30, n_days=90, end=END), training_end=END)
    forecast = make_forecaster(name).fit(history).predict(35)
    assert forecast.shape == (30, 35)
    assert np.isfinite(forecast).all()
    assert (forecast >= 0).all()


def test_same_history_gives_the_same_bytes(name: str) -> None:
    history = read_history(random_history(n_series=10, n_days=70, end=END), training_end=END)
    first = make_forecaster(name).fit(history).predict(14)
    assert make_forecaster(name).fit(history).predict(14).tobytes() == first.tobytes()


def test_constant_demand_is_forecast_as_it_is(name: str) -> None:
    forecast = make_forecaster(name).fit(history_of([[3.0] * 70])).predict(14)
    np.testing.assert_allclose(forecast, 3.0, atol=1e-9)


def test_no_demand_gives_zero(name: str) -> None:
    assert make_forecaster(name).fit(history_of([[0.0] * 60])).predict(10).sum() == 0.0


def test_a_series_without_a_known_day_gives_zero(name: str) -> None:
    frame = make_history({"s": [5.0] * 40}, end=END, missing={"s": range(40)})
    history = read_history(frame, training_end=END)
    assert make_forecaster(name).fit(history).predict(10).sum() == 0.0


def test_stock_out_days_are_missing_and_not_zero(name: str) -> None:
    zeros = [6.0] * 56 + [0.0] * 14
    frame = make_history({"s": zeros}, end=END, missing={"s": range(56, 70)})
    forecast = make_forecaster(name).fit(read_history(frame, training_end=END)).predict(7)
    np.testing.assert_allclose(forecast, 6.0, atol=1e-9)


def test_one_series_does_not_change_another(name: str) -> None:
    history = read_history(random_history(n_series=8, n_days=80, end=END), training_end=END)
    together = make_forecaster(name).fit(history).predict(7)
    alone = make_forecaster(name).fit(history.select(np.array([3]))).predict(7)
    np.testing.assert_array_equal(together[[3]], alone)


def test_weekdays_are_put_on_their_days() -> None:
    # The last day of the history sells 7, six days before it nothing: so does the seventh day ahead.
    history = history_of([[0.0, 0, 0, 0, 0, 0, 7.0] * 10])
    for method in (BASELINE, FLOOR, "seasonal_es"):
        forecast = make_forecaster(method).fit(history).predict(8)
        np.testing.assert_allclose(forecast[0], [0, 0, 0, 0, 0, 0, 7, 0], atol=1e-9)


def test_names_and_versions_are_the_registered_ones(name: str) -> None:
    forecaster = make_forecaster(name)
    assert forecaster.name == name
    assert forecaster.version


def test_an_unknown_method_is_refused_by_name() -> None:
    with pytest.raises(ForecastInputError, match="no forecaster 'oracle'"):
        make_forecaster("oracle")
