"""The whole forecast: never ahead of its time, repeatable, coherent, honest about its record."""

import time
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast import ForecastInputError, ForecastResult, forecast_demand
from models.forecast.backtest import backtest
from models.forecast.history import read_history
from models.forecast.metrics import QUANTILES, bias_ratio, pinball_units, squared_scale, wape
from models.forecast.paths import ForecastErrors, order_statistic, sample_paths
from models.forecast.segments import SEGMENT_NAMES, classify_demand, demand_rhythm
from tests.models.model_inputs import make_history, random_history, shared_file

END = date(2026, 6, 30)
FAST = ("weekday_mean", "tsb")


@pytest.fixture(scope="module")
def history() -> pl.DataFrame:
    return random_history(n_series=40, n_days=200, end=END)


@pytest.fixture(scope="module")
def result(history: pl.DataFrame) -> ForecastResult:
    return forecast_demand(history, training_end=END, horizon_days=21, n_paths=100, seed=7)


def test_future_rows_change_no_byte(history: pl.DataFrame) -> None:
    cut = END - timedelta(days=40)
    options = {"training_end": cut, "horizon_days": 14, "n_paths": 50, "seed": 3, "candidates": FAST}
    past_only = forecast_demand(history.filter(pl.col("demand_date") <= cut), **options)
    wild = history.with_columns(
        demand_units=pl.when(pl.col("demand_date") > cut).then(9999.0).otherwise("demand_units")
    )
    with_future = forecast_demand(wild, **options)
    assert with_future.paths.units.tobytes() == past_only.paths.units.tobytes()
    assert with_future.daily.write_csv() == past_only.daily.write_csv()
    assert with_future.accuracy.write_csv() == past_only.accuracy.write_csv()


def test_order_of_rows_and_threads_change_no_byte(history: pl.DataFrame) -> None:
    options = {"training_end": END, "horizon_days": 10, "n_paths": 40, "seed": 3, "candidates": FAST}
    first = forecast_demand(history, **options)
    shuffled = forecast_demand(history.sample(fraction=1.0, shuffle=True, seed=1), max_threads=2, **options)
    assert first.paths.units.tobytes() == shuffled.paths.units.tobytes()
    assert first.daily.write_csv() == shuffled.daily.write_csv()


def test_daily_rows_are_complete(result: ForecastResult) -> None:
    daily = result.daily
    assert daily.height == 40 * 21
    assert sum(daily.null_count().row(0)) == 0
    assert daily["forecast_date"].min() == END + timedelta(days=1)
    assert daily["forecast_date"].max() == END + timedelta(days=21)
    assert daily["training_end_date"].unique().to_list() == [END]
    assert daily.filter(
        (pl.col("p10_units") > pl.col("p50_units")) | (pl.col("p50_units") > pl.col("p90_units"))
    ).is_empty()


def test_paths_are_integers_around_the_mean(result: ForecastResult) -> None:
    assert result.paths.units.dtype == np.int16
    assert result.paths.units.shape == (40, 100, 21)
    assert result.paths.first_date == END + timedelta(days=1)
    mean = result.daily["mean_units"].sum() / result.daily.height
    assert result.paths.units.mean() == pytest.approx(mean, rel=0.1)


def test_the_baseline_stands_beside_the_chosen_method(result: ForecastResult) -> None:
    per_series = result.accuracy.group_by("series_id").agg(
        pl.col("is_chosen").sum().alias("chosen"), pl.col("is_baseline").sum().alias("baseline")
    )
    assert per_series["chosen"].unique().to_list() == [1]
    assert per_series["baseline"].unique().to_list() == [1]
    summary = {row["model_name"]: row for row in result.summary.iter_rows(named=True)}
    assert summary["seasonal_naive"]["is_baseline"]
    assert summary["champion"]["wape"] < summary["seasonal_naive"]["wape"]
    assert result.accuracy["n_test_days"].max() == 84


def test_short_histories_use_fewer_blocks() -> None:
    demand = {"s": [2.0, 3.0] * 30}
    known = read_history(make_history(demand, end=END), training_end=END)
    assert backtest(known, candidates=FAST).accuracy["n_test_days"].unique().to_list() == [28]
    young = read_history(make_history({"s": [2.0] * 40}, end=END), training_end=END)
    outcome = backtest(young, candidates=FAST)
    assert outcome.champions == ("weekday_mean",)
    assert outcome.accuracy["n_test_days"].unique().to_list() == [0]
    assert outcome.accuracy["wape"].null_count() == outcome.accuracy.height


def test_the_backtest_sees_only_the_days_before_its_block() -> None:
    # One a day for eight weeks, then three: the naive forecast of the last block must still say one.
    known = read_history(make_history({"s": [1.0] * 56 + [3.0] * 28}, end=END), training_end=END)
    accuracy = backtest(known, candidates=FAST).accuracy.filter("is_baseline").row(0, named=True)
    assert accuracy["n_test_days"] == 56
    assert accuracy["wape"] == pytest.approx(28 * 2 / (28 + 28 * 3))
    assert accuracy["bias_ratio"] == pytest.approx(-0.5)


def test_going_back_in_time_equals_reading_it_then(history: pl.DataFrame) -> None:
    cut = END - timedelta(days=30)
    back = read_history(history, training_end=END).until(30)
    then = read_history(history, training_end=cut)
    rows = [back.series_ids.index(series) for series in then.series_ids]
    np.testing.assert_array_equal(back.demand_units[rows], then.demand_units)
    assert back.end_date == cut


def test_cold_series_are_pulled_towards_how_others_started() -> None:
    demand = {f"old{row}": [4.0] * (100 - row) for row in range(10)} | {"new": [0.0] * 7}
    daily = forecast_demand(
        make_history(demand, end=END), training_end=END, horizon_days=7, n_paths=20, seed=1, candidates=FAST
    ).daily
    # Seven known days weigh 7 / 35 on their own mean of 0; the others sold 4 a day when they began.
    assert daily.filter(pl.col("series_id") == "new")["mean_units"].to_list() == pytest.approx([3.2] * 7)
    assert daily.filter(pl.col("series_id") == "old3")["mean_units"].to_list() == pytest.approx([4.0] * 7)


def test_an_empty_history_gives_an_empty_forecast() -> None:
    empty = make_history({}, end=END)
    result = forecast_demand(empty, training_end=END, horizon_days=7, n_paths=5, seed=1, candidates=FAST)
    assert result.daily.is_empty()
    assert result.paths.units.shape == (0, 5, 7)


@pytest.mark.parametrize(
    ("units", "message"), [(-1.0, "not negative"), (float("nan"), "finite"), (float("inf"), "finite")]
)
def test_impossible_demand_is_refused(units: float, message: str) -> None:
    with pytest.raises(ForecastInputError, match=message):
        read_history(make_history({"s": [1.0, units]}, end=END), training_end=END)


def test_malformed_histories_are_refused() -> None:
    good = make_history({"s": [1.0, 2.0]}, end=END)
    with pytest.raises(ForecastInputError, match="lacks the columns is_out_of_stock"):
        read_history(good.drop("is_out_of_stock"), training_end=END)
    with pytest.raises(ForecastInputError, match="more than once"):
        read_history(pl.concat([good, good]), training_end=END)
    with pytest.raises(ForecastInputError, match="horizon_days"):
        forecast_demand(good, training_end=END, horizon_days=0, seed=1)


def test_company_errors_are_shared_by_all_series() -> None:
    # One block doubles all demand, one halves it: sums over series must keep that spread.
    blocks = np.array([[1.5] * 28, [0.5] * 28])
    errors = ForecastErrors(blocks, np.full(50, 0.005), np.full(50, 0.02))
    ids = tuple(f"s{row}" for row in range(50))
    paths = sample_paths(np.full((50, 7), 10.0), errors, series_ids=ids, first_date=END, n_paths=200, seed=1)
    total = paths.units.sum(axis=(0, 2), dtype=np.int64)
    assert np.quantile(total, 0.1) == pytest.approx(0.5 * 3500, rel=0.1)
    assert np.quantile(total, 0.9) == pytest.approx(1.5 * 3500, rel=0.1)


def test_another_series_joining_changes_no_path() -> None:
    errors = ForecastErrors(np.ones((1, 28)), np.full(2, 0.1), np.full(2, 0.3))
    both = sample_paths(
        np.full((2, 5), 3.0), errors, series_ids=("a", "b"), first_date=END, n_paths=30, seed=1
    )
    alone = sample_paths(
        np.full((1, 5), 3.0),
        ForecastErrors(np.ones((1, 28)), np.full(1, 0.1), np.full(1, 0.3)),
        series_ids=("b",),
        first_date=END,
        n_paths=30,
        seed=1,
    )
    np.testing.assert_array_equal(both.units[1], alone.units[0])


def test_lead_time_sums_are_covered_as_promised() -> None:
    # Independent Poisson demand of a known rate: 90 % of two-week sums lie at or below the 0.9 quantile.
    history = random_history(n_series=150, n_days=300, end=END, seed=5)
    cut = END - timedelta(days=14)
    result = forecast_demand(history, training_end=cut, horizon_days=14, n_paths=200, seed=2, candidates=FAST)
    truth = (
        history.filter(pl.col("demand_date") > cut).group_by("series_id").agg(pl.col("demand_units").sum())
    )
    actual = dict(truth.iter_rows())
    sums = result.paths.units.sum(axis=2, dtype=np.int64)
    limit = order_statistic(sums, 0.9)
    inside = [actual[series] <= limit[row] for row, series in enumerate(result.paths.series_ids)]
    assert 0.82 <= np.mean(inside) <= 0.99


def test_metrics_match_hand_calculation() -> None:
    actual = np.array([[2.0, 4.0, np.nan]])
    forecast = np.array([[1.0, 5.0, 100.0]])
    assert wape(actual, forecast).tolist() == pytest.approx([2 / 6])
    assert bias_ratio(actual, forecast).tolist() == [0.0]
    # The first change counted is the one after the first sale: 3 -> 1 and 1 -> 2.
    assert squared_scale(np.array([[0.0, 0.0, 3.0, 1.0, 2.0]])).tolist() == [2.5]
    quantiles = np.broadcast_to(forecast, (3, 1, 3))
    expected = np.mean([np.mean([q * 1, (1 - q) * 1]) for q in QUANTILES])
    assert pinball_units(actual, quantiles).tolist() == pytest.approx([expected])


def test_demand_kinds_match_the_golden_case() -> None:
    import json

    cases = json.loads(shared_file("golden/replenishment.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == "CLASS-01")
    for units, expected in zip(case["inputs"]["histories"], case["outputs"]["results"], strict=True):
        demand = np.array([units], dtype=np.float64)
        adi, cv2 = demand_rhythm(demand)
        assert adi[0] == pytest.approx(expected["ADI"], rel=1e-6)
        assert cv2[0] == pytest.approx(expected["CV2"], rel=1e-6, abs=1e-6)
        assert SEGMENT_NAMES[classify_demand(demand)[0]] == expected["class"]


@pytest.mark.slow
def test_four_hundred_series_of_two_years_take_seconds() -> None:
    history = random_history(n_series=400, n_days=740, end=END)
    started = time.perf_counter()
    forecast_demand(history, training_end=END, horizon_days=42, seed=1)
    assert time.perf_counter() - started < 30
