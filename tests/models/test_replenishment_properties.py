"""What holds for any stock, demand, minimum and pack."""

from datetime import timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forecast import SamplePaths
from models.replenishment import PlanResult, PlanSettings, plan_restock
from models.replenishment.economics import (
    UnitNeed,
    Window,
    best_units,
    need_of_units,
    order_value,
    unit_value,
)
from models.replenishment.projection import project_stock
from models.replenishment.rounding import round_order
from tests.models.model_inputs import AS_OF, make_items, make_orders, make_receipts

N_PATHS, N_DAYS = 12, 40

items_drawn = st.lists(
    st.fixed_dictionaries(
        {
            "available_units": st.integers(-5, 80),
            "backordered_units": st.integers(0, 5),
            "unit_cost_amount": st.floats(0.01, 500),
            "unit_price_amount": st.floats(0.01, 900),
            "moq_units": st.integers(0, 60),
            "pack_units": st.integers(1, 30),
            "quoted_lead_time_days": st.integers(0, 25),
            "allow_backorder": st.booleans(),
        }
    ),
    min_size=1,
    max_size=4,
)


def plan_of(drawn: list[dict[str, object]], orders: pl.DataFrame, paths: SamplePaths) -> PlanResult:
    items = make_items([{"variant_id": f"v{row}", **item} for row, item in enumerate(drawn)])
    return plan_restock(items, orders, make_receipts(), paths, as_of=AS_OF, settings=PlanSettings(), seed=5)


@settings(max_examples=60, deadline=None)
@given(
    drawn=items_drawn,
    rate=st.floats(0, 9),
    open_units=st.integers(0, 40),
    age_days=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
def test_plans_add_up_respect_terms_and_are_not_repeated(
    drawn: list[dict[str, object]], rate: float, open_units: int, age_days: int, seed: int
) -> None:
    units = np.random.default_rng(seed).poisson(rate, (len(drawn), N_PATHS, N_DAYS)).astype(np.int16)
    paths = SamplePaths(tuple(f"v{row}|main" for row in range(len(drawn))), AS_OF, units)
    orders = make_orders(
        [{"variant_id": "v0", "open_units": open_units, "sent_date": AS_OF - timedelta(days=age_days)}]
    )
    plan = plan_of(drawn, orders, paths)
    assert plan.proposals.height + plan.not_proposed.height == len(drawn)
    for row in plan.proposals.iter_rows(named=True):
        item = drawn[int(row["variant_id"][1:])]
        parts = row["window_demand_units"] + row["safety_units"] - row["projected_stock_units"]
        parts += row["moq_rounding_units"] + row["pack_rounding_units"] - row["on_order_units"]
        assert parts == row["suggested_units"] > 0
        assert row["suggested_units"] % item["pack_units"] == 0
        assert row["suggested_units"] >= item["moq_units"]
        assert row["value_amount"] >= 0
        assert 0 <= row["cycle_service_ratio"] <= 1
        assert 0 <= row["fill_rate_ratio"] <= 1
        assert row["order_by_date"] >= AS_OF
    placed = make_orders(
        [
            {
                "restock_order_id": row["proposal_id"],
                "variant_id": row["variant_id"],
                "open_units": row["suggested_units"],
            }
            for row in plan.proposals.iter_rows(named=True)
        ]
    )
    assert plan_of(drawn, pl.concat([orders, placed]), paths).proposals.is_empty()


@settings(max_examples=100, deadline=None)
@given(
    start=st.integers(-10, 60),
    may_wait=st.booleans(),
    demand=st.lists(st.integers(0, 20), min_size=5, max_size=5),
    receipts=st.lists(st.integers(0, 20), min_size=5, max_size=5),
)
def test_stock_is_what_came_less_what_went(
    start: int, may_wait: bool, demand: list[int], receipts: list[int]
) -> None:
    rolled = project_stock(
        np.array([start], dtype=np.int32),
        np.array(receipts, dtype=np.int32)[None, None],
        np.array(demand, dtype=np.int32)[None, None],
        np.array([may_wait]),
    )
    lost = rolled.lost_units[0, 0]
    stock = start + np.cumsum(receipts) - np.cumsum(np.array(demand) - lost)
    assert rolled.stock_units[0, 0].tolist() == stock.tolist()
    assert (lost >= 0).all()
    assert not (may_wait and lost.any())
    # Nobody is turned away while there is stock.
    assert not ((lost > 0) & (rolled.stock_units[0, 0] > 0)).any()


def drawn_need(seed: int, *, may_wait: bool) -> UnitNeed:
    generator = np.random.default_rng(seed)
    demand = generator.poisson(1.5, (3, 20, 30)).astype(np.int32)
    receipts = (generator.random((3, 20, 30)) < 0.05).astype(np.int32) * 4
    start = generator.integers(0, 15, 3).astype(np.int32)
    arrival = generator.integers(0, 10, (3, 20))
    end = arrival + generator.integers(0, 10, (3, 20))
    rolled = project_stock(start, receipts, demand, np.full(3, may_wait))
    return need_of_units(rolled, Window(arrival, end, end + 7))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), may_wait=st.booleans(), gain=st.floats(0.1, 50))
def test_units_are_worth_less_and_less_and_add_up(seed: int, may_wait: bool, gain: float) -> None:
    need = drawn_need(seed, may_wait=may_wait)
    amounts = {"gain_amount": np.full(3, gain), "holding_amount": np.full(3, 0.2)}
    values = np.stack([unit_value(need, np.full(3, k), **amounts) for k in range(1, 60)])
    assert (np.diff(values, axis=0) <= 1e-9).all()
    np.testing.assert_allclose(
        values[:25].sum(axis=0), order_value(need, np.full(3, 25), **amounts), rtol=1e-9, atol=1e-9
    )
    best = best_units(need, **amounts)
    np.testing.assert_array_equal(best, (values > 1e-12).sum(axis=0))


@given(
    need=st.floats(-100, 10_000),
    moq=st.integers(0, 500),
    pack=st.integers(1, 144),
)
def test_rounding_is_the_smallest_order_that_serves(need: float, moq: int, pack: int) -> None:
    order = round_order(need, moq_units=moq, pack_units=pack)
    if need <= 0:
        assert order == 0
        return
    assert order % pack == 0
    assert order >= max(need, moq) - 1e-6
    assert order - pack < max(need, moq)
