"""Expected values of customers and pairs of products, by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.customers import basket_pairs, customer_values
from models.customers.values import BASELINE_NAME, MODEL_NAME

END = date(2026, 6, 30)


def bought(*rows: tuple[str, int, float, float]) -> pl.DataFrame:
    """Rows of customer, days ago, net sales and margin kept."""
    return pl.DataFrame(
        [(customer, END - timedelta(days=ago), net, margin) for customer, ago, net, margin in rows],
        schema={
            "customer_id": pl.String, "ordered_date": pl.Date, "kept_net_sales_amount": pl.Float64,
            "kept_margin_amount": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def steady_shop(seed: int = 5) -> pl.DataFrame:
    """Three years of 400 customers, each with a pace and a price of their own, of whom some leave."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(400):
        pace, price = chance.gamma(1.2, 1 / 60), chance.uniform(10, 60)
        ago = int(chance.integers(30, 1095))
        while ago >= 0:
            amount = float(price * chance.uniform(0.7, 1.3))
            rows.append((f"c{number:03}", ago, amount, amount * 0.4))
            if chance.random() < 0.1:
                break
            ago -= max(1, int(chance.exponential(1 / pace)))
    return bought(*rows)


def test_a_small_shop_is_expected_to_repeat_its_last_year() -> None:
    days = bought(("a", 400, 50.0, 20.0), ("a", 364, 30.0, 12.0), ("a", 10, 10.0, 4.0), ("b", 365, 9.0, 3.0))
    result = customer_values(days, as_of=END, margin_ratio=0.4)
    assert result.values.select(
        "customer_id", "alive_probability_ratio", "expected_orders", "expected_value_amount", "model_name"
    ).rows() == [("a", None, 2.0, 16.0, BASELINE_NAME), ("b", None, 0.0, 0.0, BASELINE_NAME)]
    assert result.accuracy["model_name"].to_list() == [BASELINE_NAME]


def test_the_baseline_is_measured_on_days_it_has_not_seen() -> None:
    """365 days of history: the last 121 are held back. Before: a brought 5, in them 8; b 2 and nothing."""
    days = bought(("a", 365, 1.0, 1.0), ("a", 200, 9.0, 5.0), ("b", 150, 9.0, 2.0), ("a", 3, 9.0, 8.0))
    (row,) = customer_values(days, as_of=END, margin_ratio=0.4).accuracy.to_dicts()
    assert row["test_days"] == 121
    assert row["split_date"] == END - timedelta(days=121)
    assert (row["mean_absolute_error_amount"], row["customers_count"]) == (2.5, 2)
    assert row["root_mean_square_error_amount"] == pytest.approx(np.sqrt((9 + 4) / 2))
    assert row["bias_ratio"] == pytest.approx(7 / 8 - 1)


def test_the_model_beats_the_baseline_where_customers_behave_as_it_says() -> None:
    result = customer_values(steady_shop(), as_of=END, margin_ratio=0.4)
    by_name = {row["model_name"]: row for row in result.accuracy.to_dicts()}
    model, baseline = by_name[MODEL_NAME], by_name[BASELINE_NAME]
    assert model["root_mean_square_error_amount"] < baseline["root_mean_square_error_amount"]
    assert (model["is_chosen"], baseline["is_chosen"]) == (True, False)
    assert abs(model["bias_ratio"]) < 0.25
    assert set(result.values["model_name"]) == {MODEL_NAME}
    assert result.values["alive_probability_ratio"].is_between(0, 1).all()


def test_days_after_the_end_change_nothing() -> None:
    days = steady_shop()
    later = bought(("c000", -1, 500.0, 400.0), ("new", -5, 500.0, 400.0))
    known = customer_values(days, as_of=END, margin_ratio=0.4)
    seen = customer_values(pl.concat([days, later]), as_of=END, margin_ratio=0.4)
    assert seen.values.equals(known.values)
    assert seen.accuracy.equals(known.accuracy)


def test_order_of_rows_is_irrelevant() -> None:
    days = steady_shop()
    assert customer_values(days.reverse(), as_of=END, margin_ratio=0.4).values.equals(
        customer_values(days, as_of=END, margin_ratio=0.4).values
    )


def test_without_any_known_cost_no_value_is_made_up() -> None:
    result = customer_values(bought(("a", 10, 10.0, 0.0)), as_of=END, margin_ratio=None)
    assert result.values["expected_value_amount"].to_list() == [None]
    assert result.values["baseline_value_amount"].to_list() == [None]


def test_a_shop_without_orders_has_no_values() -> None:
    result = customer_values(bought(), as_of=END, margin_ratio=None)
    assert (len(result.values), len(result.accuracy)) == (0, 0)


def test_pairs_are_counted_by_basket_once_each_most_common_first() -> None:
    """Ten baskets; tea and mug share four, one with tea twice; mug and jam three; tea and jam two."""
    baskets = ["tea mug tea", "tea mug", "tea mug jam", "tea mug jam", "mug jam", "tea"] + ["pen"] * 4
    rows = [(str(number), item) for number, text in enumerate(baskets) for item in text.split()]
    pairs = basket_pairs(pl.DataFrame(rows, schema=["basket_id", "item_id"], orient="row"))
    assert pairs.rows() == [("mug", "tea", 1, 4, 5, 5, 10), ("jam", "mug", 2, 3, 3, 5, 10)]


def test_no_baskets_make_no_pairs() -> None:
    empty = pl.DataFrame(schema={"basket_id": pl.String, "item_id": pl.String})
    assert basket_pairs(empty).rows() == []
