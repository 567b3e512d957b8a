"""The restock plan: what is proposed, why, and that it never orders twice.

Complaints about other products (T1 to T26 of the methods' list) are named in the tests that answer them.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast import SamplePaths
from models.replenishment import (
    PlanResult,
    PlanSettings,
    ReplenishmentInputError,
    plan_horizon_days,
    plan_restock,
)
from tests.models.model_inputs import (
    AS_OF,
    make_items,
    make_orders,
    make_receipts,
    poisson_paths,
)

SERIES = "v1|main"


def make_plan(
    items: pl.DataFrame,
    *,
    orders: pl.DataFrame | None = None,
    receipts: pl.DataFrame | None = None,
    paths: SamplePaths | None = None,
    settings: PlanSettings | None = None,
) -> PlanResult:
    return plan_restock(
        items,
        make_orders() if orders is None else orders,
        make_receipts() if receipts is None else receipts,
        paths or poisson_paths({SERIES: 2.0}),
        as_of=AS_OF,
        settings=settings or PlanSettings(),
        seed=1,
    )


def reason_of(plan: PlanResult, series_id: str = SERIES) -> str:
    return str(
        plan.not_proposed.row(by_predicate=pl.col("series_id") == series_id, named=True)["reason_code"]
    )


def ordered(plan: PlanResult, *, sent: date | None, expected: bool = True) -> pl.DataFrame:
    """The open orders that come of approving all proposals."""
    return plan.proposals.select(
        pl.col("proposal_id").alias("restock_order_id"),
        "supplier_id",
        "variant_id",
        "location_id",
        pl.col("suggested_units").alias("open_units"),
        pl.lit(sent, dtype=pl.Date).alias("sent_date"),
        (pl.col("expected_arrival_date") if expected else pl.lit(None, dtype=pl.Date)).alias("expected_date"),
    )


def many_items(n_items: int = 40) -> tuple[pl.DataFrame, SamplePaths, pl.DataFrame]:
    generator = np.random.default_rng(3)
    names = [f"v{row:02d}" for row in range(n_items)]
    items = make_items(
        [
            {
                "variant_id": name,
                "supplier_id": f"s{row % 4}",
                "available_units": int(generator.integers(0, 25)),
                "unit_price_amount": float(generator.uniform(11, 30)),
                "moq_units": int(generator.choice([1, 5, 24])),
                "pack_units": int(generator.choice([1, 6, 12])),
                "quoted_lead_time_days": int(generator.integers(2, 20)),
                "allow_backorder": bool(row % 5 == 0),
            }
            for row, name in enumerate(names)
        ]
    )
    paths = poisson_paths({f"{name}|main": float(generator.lognormal(-0.5, 1)) for name in names})
    receipts = make_receipts(
        [
            (
                f"s{row % 4}",
                names[row % n_items],
                sent,
                sent + timedelta(days=int(generator.integers(2, 20))),
                5,
            )
            for row in range(60)
            for sent in [AS_OF - timedelta(days=60 + row)]
        ]
    )
    return items, paths, receipts


def test_an_empty_shelf_is_proposed_for_and_explained() -> None:
    plan = make_plan(make_items([{}]))
    row = plan.proposals.row(0, named=True)
    # Quoted 7 calendar days are 5 working days: Thursday to Thursday; the next order comes a week later.
    assert row["expected_arrival_date"] == AS_OF + timedelta(days=7)
    assert row["window_end_date"] == AS_OF + timedelta(days=14)
    assert row["window_demand_units"] == pytest.approx(14, abs=1)
    assert row["projected_stock_units"] == 0
    assert row["suggested_units"] > row["window_demand_units"]
    assert row["cycle_service_ratio"] > 0.9
    assert row["fill_rate_ratio"] >= row["cycle_service_ratio"]
    assert row["order_by_date"] == AS_OF
    assert row["cost_amount"] == 10.0 * row["suggested_units"]
    assert 0 < row["value_amount"] < 15.0 * row["suggested_units"]
    assert plan.not_proposed.is_empty()


def test_parts_add_up_to_every_proposal() -> None:
    items, paths, receipts = many_items()
    proposals = make_plan(items, paths=paths, receipts=receipts).proposals
    assert proposals.height > 10
    total = (
        pl.col("window_demand_units")
        + pl.col("safety_units")
        - pl.col("projected_stock_units")
        - pl.col("on_order_units")
        + pl.col("moq_rounding_units")
        + pl.col("pack_rounding_units")
    )
    assert proposals.filter(total != pl.col("suggested_units")).is_empty()
    joined = proposals.join(items, on="series_id")
    assert joined.filter(pl.col("suggested_units") % pl.col("pack_units") != 0).is_empty()
    assert joined.filter(pl.col("suggested_units") < pl.col("moq_units")).is_empty()


def test_every_item_is_proposed_or_has_a_reason() -> None:
    items, paths, receipts = many_items()
    plan = make_plan(items, paths=paths, receipts=receipts)
    named = sorted([*plan.proposals["series_id"], *plan.not_proposed["series_id"]])
    assert named == sorted(items["series_id"])
    assert plan.not_proposed["reason_text"].str.len_chars().min() > 10


@pytest.mark.parametrize("sent", [None, AS_OF], ids=["draft", "sent today"])
@pytest.mark.parametrize("expected", [True, False])
def test_t1_running_again_after_approval_proposes_nothing(sent: date | None, expected: bool) -> None:
    items, paths, receipts = many_items()
    first = make_plan(items, paths=paths, receipts=receipts)
    orders = ordered(first, sent=sent, expected=expected)
    waiting = orders.select(
        "supplier_id",
        "variant_id",
        pl.lit(sent, dtype=pl.Date).alias("sent_date"),
        pl.lit(None, dtype=pl.Date).alias("received_date"),
        pl.col("open_units").alias("units"),
    )
    again = make_plan(items, paths=paths, receipts=pl.concat([receipts, waiting]), orders=orders)
    assert first.proposals.height > 10
    assert again.proposals.is_empty()


def test_t3_open_orders_count_and_closed_ones_do_not() -> None:
    items = make_items([{}])
    needed = make_plan(items).proposals["suggested_units"][0]
    half = make_orders([{"open_units": needed - 3}, {"restock_order_id": "o2", "open_units": 0}])
    assert make_plan(items, orders=half).proposals["suggested_units"].to_list() == [3]


def test_t4_every_open_quantity_counts_whoever_made_it() -> None:
    items = make_items([{}])
    needed = make_plan(items).proposals["suggested_units"][0]
    by_hand = [
        {"restock_order_id": f"o{row}", "open_units": 1, "supplier_id": supplier}
        for row in range(needed)
        for supplier in ["s1"]
    ]
    assert make_plan(items, orders=make_orders(by_hand)).proposals.is_empty()


def test_t5_a_late_order_is_named_and_not_ordered_again() -> None:
    items = make_items([{"available_units": 8}])
    receipts = make_receipts(
        [("s1", "v1", AS_OF - timedelta(days=100), AS_OF - timedelta(days=93), 50) for _ in range(3)]
    )
    late = make_orders(
        [
            {
                "restock_order_id": "PO-7",
                "open_units": 60,
                "sent_date": AS_OF - timedelta(days=20),
                "expected_date": AS_OF - timedelta(days=9),
            }
        ]
    )
    plan = make_plan(items, orders=late, receipts=receipts)
    assert plan.proposals.is_empty()
    assert reason_of(plan) == "covered"
    assert "Restock order PO-7 is 9 days late: expedite it." in plan.not_proposed["reason_text"][0]


def test_t5_an_order_promised_for_later_does_not_cover_the_window() -> None:
    far = make_orders([{"open_units": 500, "sent_date": AS_OF, "expected_date": AS_OF + timedelta(days=50)}])
    plan = make_plan(make_items([{}]), orders=far)
    assert plan.proposals["suggested_units"][0] > 10
    assert plan.proposals["on_order_units"].to_list() == [0]


def test_t12_a_senseless_minimum_waits_and_says_so() -> None:
    plan = make_plan(make_items([{"moq_units": 30_000}]))
    assert plan.proposals.is_empty()
    row = plan.not_proposed.row(0, named=True)
    assert row["reason_code"] == "moq_not_worth"
    assert "minimum 30000" in row["reason_text"]
    assert row["projected_stockout_date"] == AS_OF


def test_t12_ten_months_of_demand_are_too_much_though_holding_is_capped_per_window() -> None:
    assert reason_of(make_plan(make_items([{"moq_units": 600}]))) == "moq_not_worth"
    assert make_plan(make_items([{"moq_units": 200}])).proposals["suggested_units"].to_list() == [200]


def test_t12_a_bearable_minimum_is_ordered() -> None:
    row = make_plan(make_items([{"moq_units": 40, "pack_units": 12}])).proposals.row(0, named=True)
    assert row["suggested_units"] == 48
    assert row["raw_need_units"] + row["moq_rounding_units"] == 40
    assert row["pack_rounding_units"] == 8


def test_t16_discontinued_items_are_never_proposed_but_their_run_out_is_shown() -> None:
    plan = make_plan(make_items([{"is_discontinued": True, "available_units": 5}]))
    assert plan.proposals.is_empty()
    assert reason_of(plan) == "discontinued"
    assert plan.projection["stockout_probability_ratio"][-1] == 1.0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"supplier_id": None}, "no_supplier"),
        ({"unit_cost_amount": None}, "no_cost"),
        ({"unit_price_amount": float("nan")}, "no_price"),
        ({"unit_price_amount": 9.0}, "no_margin"),
        ({"variant_id": "v9"}, "no_forecast"),
        ({"available_units": 500}, "covered"),
        ({"quoted_lead_time_days": 300}, "horizon_too_short"),
    ],
)
def test_t15_what_is_not_proposed_says_why(change: dict[str, object], code: str) -> None:
    items = make_items([change])
    assert reason_of(make_plan(items), items["series_id"][0]) == code


def test_items_that_hardly_sell_are_not_stocked() -> None:
    plan = make_plan(
        make_items([{"unit_price_amount": 10.05}]), paths=poisson_paths({SERIES: 0.002}, n_paths=500)
    )
    assert reason_of(plan) == "not_worth_holding"
    assert reason_of(make_plan(make_items([{}]), paths=poisson_paths({SERIES: 0.0}))) == "no_demand"


def test_t23_senseless_numbers_are_corrected_and_flagged() -> None:
    ugly = make_items(
        [{"available_units": -7, "moq_units": -1, "pack_units": 0, "quoted_lead_time_days": None}]
    )
    plan = make_plan(ugly)
    assert plan.data_flags["flag"].to_list() == ["bad_lead_time", "bad_moq", "bad_pack", "negative_stock"]
    clean = make_items([{"available_units": 0, "quoted_lead_time_days": 14}])
    assert (
        plan.proposals["suggested_units"].to_list() == make_plan(clean).proposals["suggested_units"].to_list()
    )


def test_t25_a_bad_row_does_not_stop_the_others() -> None:
    good = make_items([{}])
    bad = make_items(
        [{"variant_id": "v2", "available_units": None}, {"variant_id": "v3"}, {"variant_id": "v3"}]
    )
    plan = make_plan(pl.concat([good, bad]), paths=poisson_paths({SERIES: 2.0, "v3|main": 1.0}))
    assert plan.proposals["series_id"].to_list() == [SERIES]
    assert plan.not_proposed.select("series_id", "reason_code").rows() == [
        ("v2|main", "bad_data"),
        ("v3|main", "bad_data"),
    ]


def test_t26_undated_and_overdue_orders_stay_visible() -> None:
    orders = make_orders(
        [
            {"restock_order_id": "undated", "sent_date": AS_OF - timedelta(days=1)},
            {"restock_order_id": "overdue", "sent_date": AS_OF, "expected_date": AS_OF - timedelta(days=2)},
            {"restock_order_id": "draft"},
        ]
    )
    receipts = make_plan(make_items([{}]), orders=orders).receipts.sort("restock_order_id")
    assert receipts["projected_receipt_date"].null_count() == 0
    assert receipts["projected_receipt_date"].min() > AS_OF
    assert receipts["is_overdue"].to_list() == [False, True, False]


def test_customers_who_wait_are_ordered_for() -> None:
    base = {"allow_backorder": True}
    without = make_plan(make_items([base])).proposals["suggested_units"][0]
    with_waiting = make_plan(make_items([{**base, "backordered_units": 6}])).proposals.row(0, named=True)
    assert with_waiting["suggested_units"] == without + 6
    assert with_waiting["projected_stock_units"] < 0


def test_lost_sales_before_the_arrival_are_not_ordered_for() -> None:
    lost = make_plan(make_items([{}])).proposals["suggested_units"][0]
    backordered = make_plan(make_items([{"allow_backorder": True}])).proposals["suggested_units"][0]
    assert backordered - lost == pytest.approx(14, abs=5)


def test_cover_is_capped() -> None:
    plan = make_plan(make_items([{}]), settings=PlanSettings(max_cover_days=4))
    row = plan.proposals.row(0, named=True)
    assert row["is_cover_capped"]
    assert row["suggested_units"] <= 9


def test_projection_starts_at_stock_and_only_falls_without_orders() -> None:
    plan = make_plan(make_items([{"available_units": 30}]))
    projection = plan.projection
    assert projection["projection_date"][0] == AS_OF
    assert projection["stock_p50_units"].is_sorted(descending=True)
    assert projection["stock_p90_units"][0] <= 30
    assert projection["stockout_probability_ratio"].is_sorted()
    assert projection.height == 60


def test_same_inputs_give_the_same_plan_whatever_the_order_of_rows() -> None:
    items, paths, receipts = many_items()
    first = make_plan(items, paths=paths, receipts=receipts)
    reverse = SamplePaths(paths.series_ids[::-1], paths.first_date, paths.units[::-1])
    second = make_plan(items[::-1], paths=reverse, receipts=receipts[::-1])
    assert second.input_hash == first.input_hash
    assert second.proposals.write_csv() == first.proposals.write_csv()
    assert second.not_proposed.write_csv() == first.not_proposed.write_csv()
    assert second.projection.write_csv() == first.projection.write_csv()


def test_other_inputs_give_another_hash_and_other_proposal_ids() -> None:
    items, paths, receipts = many_items()
    first = make_plan(items, paths=paths, receipts=receipts)
    changed = items.with_columns(pl.col("available_units") + 1)
    second = make_plan(changed, paths=paths, receipts=receipts)
    assert second.input_hash != first.input_hash
    assert not set(second.proposals["proposal_id"]) & set(first.proposals["proposal_id"])


def test_the_plan_ranks_by_money_gained() -> None:
    items, paths, receipts = many_items()
    proposals = make_plan(items, paths=paths, receipts=receipts).proposals
    assert proposals["rank"].to_list() == list(range(1, proposals.height + 1))
    assert proposals["value_amount"].is_sorted(descending=True)
    assert proposals["value_amount"].min() > 0


def test_the_needed_horizon_holds_the_windows() -> None:
    items = make_items([{"quoted_lead_time_days": 21}])
    days = plan_horizon_days(items, make_receipts(), as_of=AS_OF, settings=PlanSettings(), seed=1)
    # 21 days until the arrival, 7 until the next one, 7 in which a unit left over still pays holding.
    assert days == 35


def test_paths_must_cover_the_day_of_the_plan() -> None:
    late = SamplePaths((SERIES,), AS_OF + timedelta(days=1), np.zeros((1, 2, 5), dtype=np.int16))
    with pytest.raises(ReplenishmentInputError, match="don't cover"):
        make_plan(make_items([{}]), paths=late)
    with pytest.raises(ReplenishmentInputError, match="items lacks the columns pack_units"):
        make_plan(make_items([{}]).drop("pack_units"))


def test_an_empty_shop_has_an_empty_plan() -> None:
    plan = make_plan(make_items([]))
    assert plan.proposals.is_empty()
    assert plan.projection.is_empty()
