"""Worked examples from the literature that this first form answers.

Used: NV-P, NV-D, NV-S (order statistics), LTM (lead-time mixtures), LOSS-07, ROUND-01, SIM-01. For the next
issue, because they need what is not built yet: newsvendors in closed form, EOQ and price breaks, (r,Q) and
(s,S) policies, joint replenishment, fill-rate targets (T12), budgets; SSLT is the formula we don't use.
"""

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from models.forecast.paths import order_statistic
from models.replenishment.economics import Window, best_units, need_of_units, unit_value
from models.replenishment.lead_times import LeadTime, draw_lead_times
from models.replenishment.projection import project_stock
from models.replenishment.rounding import neighbours, round_order
from tests.models.model_inputs import shared_file


def golden(case_id: str) -> dict[str, Any]:
    cases = json.loads(shared_file("golden/replenishment.json").read_text())["cases"]
    return next(case for case in cases if case["id"] == case_id)


@pytest.mark.parametrize("case_id", ["NV-S-01", "NV-S-02"])
def test_order_statistic_of_samples(case_id: str) -> None:
    case = golden(case_id)
    samples = np.array(case["inputs"]["samples"])
    assert int(order_statistic(samples, case["outputs"]["critical_ratio"])) == case["outputs"]["S"]


@pytest.mark.parametrize("case_id", ["NV-D-02", "NV-D-03"])
def test_ties_at_the_critical_ratio_take_the_smaller_level(case_id: str) -> None:
    case = golden(case_id)
    samples = np.concatenate(
        [np.full(round(100 * chance), int(units)) for units, chance in case["inputs"]["demand_pmf"].items()]
    )
    ratio = case["inputs"]["stockout_cost"] / (
        case["inputs"]["stockout_cost"] + case["inputs"]["holding_cost"]
    )
    assert int(order_statistic(samples, ratio)) == case["outputs"]["S"]


@pytest.mark.parametrize("case_id", ["NV-P-01", "NV-P-02", "NV-P-03", "NV-P-04"])
def test_unit_values_find_the_newsvendor_optimum(case_id: str) -> None:
    # One day's window, holding charged that day to what is left: the unit's value is the newsvendor's
    # p * P(D >= k) - h * P(D < k), so the last unit above zero is the smallest S with F(S) >= p / (p + h).
    case = golden(case_id)
    level = (np.arange(20_000) + 0.5) / 20_000
    demand = stats.poisson.ppf(level, case["inputs"]["demand_mean"]).astype(np.int32)[None, :, None]
    rolled = project_stock(np.zeros(1, dtype=np.int32), np.zeros_like(demand), demand, np.array([False]))
    day = np.zeros((1, 20_000), dtype=np.int64)
    need = need_of_units(rolled, Window(arrival=day, end=day + 1, holding_end=day + 1))
    amounts = {
        "gain_amount": np.array([float(case["inputs"]["stockout_cost"])]),
        "holding_amount": np.array([float(case["inputs"]["holding_cost"])]),
    }
    assert best_units(need, **amounts).tolist() == [case["outputs"]["S"]]
    after = np.array([case["outputs"]["S"] + 1])
    assert unit_value(need, after, **amounts)[0] <= 0


@pytest.mark.parametrize("case_id", ["LTM-01", "LTM-02"])
def test_demand_over_a_random_lead_time_needs_the_mixture(case_id: str) -> None:
    case = golden(case_id)
    pmf = case["inputs"]["lead_time_pmf"]
    lead_time = LeadTime(np.array([int(days) for days in pmf]), np.array(list(pmf.values())))
    generator = np.random.default_rng(0)
    days = draw_lead_times(lead_time, n_draws=400_000, seed=1)
    demand = generator.poisson(case["inputs"]["demand_mean_per_day"] * days)
    level = case["outputs"]["level_exact"]
    assert int(order_statistic(demand, case["inputs"]["cycle_service"])) == level
    assert (demand <= level).mean() == pytest.approx(case["outputs"]["cdf_at_level"], abs=0.002)
    shortage = np.maximum(demand - level, 0).mean()
    assert shortage == pytest.approx(case["outputs"]["expected_shortage_at_level"], rel=0.05)


def test_rounding_to_minimum_and_packs() -> None:
    case = golden("ROUND-01")
    rounded = [
        round_order(row["need"], moq_units=row["moq"], pack_units=row["pack"], max_units=row["max"])
        for row in case["inputs"]["rows"]
    ]
    assert rounded == case["outputs"]["order_qty"]


def test_neighbours_never_fall_below_the_minimum() -> None:
    assert neighbours(37, moq_units=50, pack_units=12) == (0, 60)
    assert neighbours(70, moq_units=50, pack_units=12) == (60, 72)
    assert neighbours(0, moq_units=1, pack_units=6) == (0, 0)


def test_lost_sales_roll_forward() -> None:
    case = golden("SIM-01")
    demand = np.array(case["inputs"]["demand"], dtype=np.int32)[None, None]
    arrivals = np.array(case["inputs"]["arrivals"], dtype=np.int32)[None, None]
    start = np.array([case["inputs"]["start_stock"]], dtype=np.int32)
    rolled = project_stock(start, arrivals, demand, np.array([False]))
    weeks = case["outputs"]["weeks"]
    assert rolled.stock_units[0, 0].tolist() == [week["end"] for week in weeks]
    assert rolled.lost_units[0, 0].tolist() == [week["lost"] for week in weeks]
    cost = 0.2 * rolled.stock_units.sum() + 1.0 * rolled.lost_units.sum()
    assert cost == pytest.approx(case["outputs"]["total_cost"])


def test_loss_of_a_sample() -> None:
    case = golden("LOSS-07")
    samples = np.array(case["inputs"]["samples"], dtype=np.int32)[None, :, None]
    start = np.array([case["inputs"]["x"]], dtype=np.int32)
    rolled = project_stock(start, np.zeros_like(samples), samples, np.array([False]))
    assert rolled.lost_units.mean() == pytest.approx(case["outputs"]["loss"])
    assert rolled.stock_units.mean() == pytest.approx(case["outputs"]["complementary"])
