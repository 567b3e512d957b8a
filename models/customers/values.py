"""What each customer is expected to bring in the next year, beside what a simple rule says.

The expectation is days with an order (BG/NBD) × net sales kept per such day (gamma-gamma) × the company's
margin rate. It is served where it was nearer than the baseline (the margin of the last 365 days again) on
days held back from both; elsewhere, and where too few bought twice, the baseline is served.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.customers.buying import BgNbd, FitError, FloatArray, fit_bg_nbd
from models.customers.spending import GammaGamma, fit_gamma_gamma

COLUMNS = ("customer_id", "ordered_date", "kept_net_sales_amount", "kept_margin_amount")
MODEL_NAME, BASELINE_NAME, MODEL_VERSION = "bg_nbd_gamma_gamma", "last_year_again", "1"
HORIZON_DAYS = 365
FEWEST_REPEATERS = 50
MOST_FITTED = 20_000
TEST_DAYS, SHORTEST_TEST_DAYS = 182, 28


@dataclass(frozen=True)
class CustomerValues:
    """One row per customer who bought, and one per method: how good it was on days held back."""

    values: pl.DataFrame
    accuracy: pl.DataFrame


@dataclass(frozen=True)
class _Expectation:
    alive: FloatArray
    order_days: FloatArray
    value: FloatArray


def customer_values(days: pl.DataFrame, *, as_of: date, margin_ratio: float | None) -> CustomerValues:
    """Expect each customer's next 365 days; rows after ``as_of`` change nothing.

    Parameters
    ----------
    days : DataFrame
        One row per customer and day with an order: `customer_id`, `ordered_date`, `kept_net_sales_amount`,
        `kept_margin_amount` (of what was neither cancelled nor returned).
    as_of : date
        Last whole day known.
    margin_ratio : float or None
        Margin by net sales of the company; none if no cost is known, then no value is expected.

    Returns
    -------
    CustomerValues
        Amounts in the company's currency; order of the customers by id.
    """
    # Sorted, because sums of doubles depend on the order.
    known = days.select(COLUMNS).filter(pl.col("ordered_date") <= as_of).sort("customer_id", "ordered_date")
    accuracy, model_wins = _backtest(known, as_of, margin_ratio)
    histories = _histories(known, as_of)
    expected = _by_model(histories, HORIZON_DAYS, margin_ratio) if model_wins else None
    baseline = _by_baseline(known, histories, as_of, HORIZON_DAYS)
    served = expected or baseline
    nothing = None if margin_ratio is not None else pl.lit(None, dtype=pl.Float64)
    values = histories.select("customer_id").with_columns(
        pl.Series("alive_probability_ratio", served.alive, nan_to_null=True),
        pl.Series("expected_orders", served.order_days),
        (pl.Series("expected_value_amount", served.value) if nothing is None else nothing).alias(
            "expected_value_amount"
        ),
        (pl.Series("baseline_value_amount", baseline.value) if nothing is None else nothing).alias(
            "baseline_value_amount"
        ),
        pl.lit(BASELINE_NAME if expected is None else MODEL_NAME).alias("model_name"),
        pl.lit(MODEL_VERSION).alias("model_version"),
        pl.lit(as_of).alias("training_end_date"),
    )
    return CustomerValues(values, accuracy)


def _histories(days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return one row per customer: repeat days, days from first to last and to now, mean of repeat days."""
    return days.group_by("customer_id", maintain_order=True).agg(
        (pl.len() - 1).cast(pl.Float64).alias("frequency"),
        (pl.col("ordered_date").max() - pl.col("ordered_date").min())
        .dt.total_days()
        .cast(pl.Float64)
        .alias("recency"),
        (pl.lit(as_of) - pl.col("ordered_date").min()).dt.total_days().cast(pl.Float64).alias("age"),
        pl.col("kept_net_sales_amount").slice(1).mean().fill_null(0.0).alias("mean_amount"),
    )


def _by_model(histories: pl.DataFrame, duration: int, margin_ratio: float | None) -> _Expectation | None:
    """Return what the two models expect; none if they cannot be fitted."""
    if (histories["frequency"] > 0).sum() < FEWEST_REPEATERS:
        return None
    try:
        buying, spending = _fit(histories)
    except FitError:
        return None
    frequency, recency, age, mean_amount = _arrays(histories)
    order_days = buying.expected_purchases(float(duration), frequency, recency, age)
    amount = spending.expected_amount(frequency, np.maximum(mean_amount, 0.0))
    return _Expectation(
        alive=buying.alive_probability(frequency, recency, age),
        order_days=order_days,
        value=order_days * amount * (margin_ratio or 0.0),
    )


def _fit(histories: pl.DataFrame) -> tuple[BgNbd, GammaGamma]:
    """Fit to at most 20,000 customers, evenly taken by id: more change the third digit only."""
    step = -(-len(histories) // MOST_FITTED)
    frequency, recency, age, mean_amount = _arrays(histories.gather_every(step))
    return fit_bg_nbd(frequency, recency, age), fit_gamma_gamma(frequency, mean_amount)


def _arrays(histories: pl.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    frequency, recency, age, mean_amount = (
        histories[name].to_numpy() for name in ("frequency", "recency", "age", "mean_amount")
    )
    return frequency, recency, age, mean_amount


def _by_baseline(days: pl.DataFrame, histories: pl.DataFrame, as_of: date, duration: int) -> _Expectation:
    """Return each customer's order days and margin of as many days before, again."""
    since = as_of - timedelta(days=duration)
    summed = _sums(days.filter(pl.col("ordered_date") > since), histories)
    return _Expectation(
        alive=np.full(len(histories), np.nan),
        order_days=summed["order_days"].to_numpy(),
        value=summed["margin_amount"].to_numpy(),
    )


def _sums(days: pl.DataFrame, histories: pl.DataFrame) -> pl.DataFrame:
    """Return order days and margin of the days given, a row per customer of the histories in their order."""
    summed = days.group_by("customer_id", maintain_order=True).agg(
        pl.len().cast(pl.Float64).alias("order_days"),
        pl.col("kept_margin_amount").sum().alias("margin_amount"),
    )
    return (
        histories.select("customer_id")
        .join(summed, on="customer_id", how="left", maintain_order="left")
        .with_columns(pl.col("order_days", "margin_amount").fill_null(0.0))
    )


def _backtest(days: pl.DataFrame, as_of: date, margin_ratio: float | None) -> tuple[pl.DataFrame, bool]:
    """Expect the last days from those before; return each method's errors, and whether the model's are less.

    The squared error decides: the mean is what minimises it, and most customers buy nothing in most spans,
    so that the absolute error would reward expecting nothing of anybody.
    """
    none = pl.DataFrame(schema=_ACCURACY)
    first = days["ordered_date"].min()
    if not isinstance(first, date):
        return none, False
    test_days = min(TEST_DAYS, (as_of - first).days // 3)
    if test_days < SHORTEST_TEST_DAYS:
        return none, False
    split = as_of - timedelta(days=test_days)
    before = days.filter(pl.col("ordered_date") <= split)
    histories = _histories(before, split)
    real = _sums(days.filter(pl.col("ordered_date") > split), histories)
    baseline = _by_baseline(before, histories, split, test_days)
    model = _by_model(histories, test_days, margin_ratio)
    errors = {BASELINE_NAME: _errors(baseline, real)}
    wins = False
    if model is not None:
        errors[MODEL_NAME] = _errors(model, real)
        wins = _root_mean_square(model, real) < _root_mean_square(baseline, real)
    chosen = MODEL_NAME if wins else BASELINE_NAME
    rows = [
        {
            "model_name": name,
            "is_baseline": name == BASELINE_NAME,
            "is_chosen": name == chosen,
            **row,
            "customers_count": len(histories),
            "test_days": test_days,
            "split_date": split,
        }
        for name, row in sorted(errors.items())
    ]
    return pl.DataFrame(rows, schema=_ACCURACY), wins


def _errors(expected: _Expectation, real: pl.DataFrame) -> dict[str, float | None]:
    difference = expected.value - real["margin_amount"].to_numpy()
    return {
        "mean_absolute_error_amount": float(np.abs(difference).mean()),
        "root_mean_square_error_amount": _root_mean_square(expected, real),
        "bias_ratio": _excess(expected.value, real["margin_amount"]),
        "order_days_error_ratio": _excess(expected.order_days, real["order_days"]),
    }


def _root_mean_square(expected: _Expectation, real: pl.DataFrame) -> float:
    return float(np.sqrt(((expected.value - real["margin_amount"].to_numpy()) ** 2).mean()))


def _excess(expected: FloatArray, real: pl.Series) -> float | None:
    total = float(real.sum())
    return None if total <= 0 else float(expected.sum()) / total - 1.0


_ACCURACY: dict[str, pl.DataType] = {
    "model_name": pl.String(),
    "is_baseline": pl.Boolean(),
    "is_chosen": pl.Boolean(),
    "mean_absolute_error_amount": pl.Float64(),
    "root_mean_square_error_amount": pl.Float64(),
    "bias_ratio": pl.Float64(),
    "order_days_error_ratio": pl.Float64(),
    "customers_count": pl.Int64(),
    "test_days": pl.Int64(),
    "split_date": pl.Date(),
}
