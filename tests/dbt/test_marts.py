"""Marts of a small history, against numbers reckoned by hand."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.warehouse import Warehouse
from pipelines.transform import TransformResult
from tests.dbt.raw_rows import day
from tests.dbt.two_shops import LONDON, TOKYO

pytestmark = pytest.mark.slow

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def ask(small_marts: tuple[Warehouse, TransformResult]) -> Query:
    warehouse, _ = small_marts
    return lambda sql: [tuple(row.values()) for row in warehouse.rows(sql)]


def test_every_data_test_passes_on_the_small_history(
    small_marts: tuple[Warehouse, TransformResult],
) -> None:
    _, result = small_marts

    assert len(result.tests) > 50
    assert {test.status for test in result.tests} == {"passed"}


def test_horizon_is_the_pull_or_the_end_of_an_imported_history(ask: Query) -> None:
    """A return that was only requested on the 20th has not happened, yet it is the last sign of life."""
    assert ask(
        "select company_id, pulled_date, horizon_date, minor_unit_digits from marts.dim_company order by 1"
    ) == [
        (LONDON, day("2025-04-05"), day("2025-04-05"), 2),
        (TOKYO, day("2025-04-05"), day("2011-12-21"), 0),
    ]


def test_newest_version_counts_and_deleted_rows_are_gone(ask: Query) -> None:
    assert ask(
        "select variant_id, sku, unit_price_amount, unit_cost_amount, category_name, first_sold_date,"
        " is_assumed from marts.dim_variant order by 1"
    ) == [
        ("lamp", "LAMP", Decimal(20), None, None, day("2025-03-31"), False),
        ("mug", "MUG", Decimal(12), Decimal(5), "Kitchen", day("2025-03-29"), False),
        ("pen", "PEN", Decimal(334), Decimal("250.5"), None, day("2011-12-09"), True),
    ]


def test_a_product_s_earlier_category_is_known(ask: Query) -> None:
    assert ask(
        "select product_id, category_id, valid_from_date, valid_to_at is null, is_current, is_assumed"
        " from marts.dim_product_categories order by company_id, product_id, valid_from_at"
    ) == [
        ("lamps", None, day("2025-01-01"), True, True, False),
        ("mugs", "home", day("2025-01-01"), False, False, False),
        ("mugs", "kitchen", day("2025-03-31"), True, True, False),
        ("pens", None, day("2025-01-01"), True, True, True),
    ]


def test_order_lines_split_what_was_placed_from_what_was_sold(ask: Query) -> None:
    assert ask(
        "select order_line_id, location_id, placed_date, quantity_units, cancelled_units, sold_units,"
        " returned_units, kept_units, net_amount, sold_net_amount, sold_tax_amount, cost_amount,"
        " margin_amount, is_guest from marts.fct_order_lines order by 1"
    ) == [
        ("l1", "depot", day("2025-03-29"), 4, 0, 4, 1, 3, Decimal(48), Decimal(48), Decimal("9.6"),
         Decimal(20), Decimal(28), False),
        ("l2", "depot", day("2025-03-31"), 5, 0, 5, 0, 5, Decimal(60), Decimal(60), Decimal(12), Decimal(25),
         Decimal(35), True),
        # 20.01 of 40.01, and 24.01 of 48.01 with tax, went back with the other: 20 and 24 were charged.
        ("l3", "depot", day("2025-03-31"), 2, 1, 1, 0, 1, Decimal("40.01"), Decimal(20), Decimal(4),
         None, None, True),
        ("l4", "depot", day("2025-03-31"), 7, 7, 0, 0, 0, Decimal(84), Decimal(0), Decimal(0), Decimal(0),
         Decimal(0), False),
        # 1000 × 2 / 3 is 667 yen, 1100 × 2 / 3 with tax 733: the tax is 66; two pens cost 501.
        ("l9", "back", day("2011-12-09"), 3, 1, 2, 1, 1, Decimal(1000), Decimal(667), Decimal(66),
         Decimal(501), Decimal(166), True),
    ]  # fmt: skip


def test_sales_stand_on_the_day_of_the_order_and_returns_on_theirs(ask: Query) -> None:
    columns = (
        "sales_date, orders_count, guest_orders_count, units, gross_sales_amount,"
        " net_sales_amount, tax_amount, shipping_amount, returned_units, returns_amount, returns_tax_amount,"
        " costed_net_sales_amount, cost_amount, margin_amount"
    )

    def row(on: str, *numbers: int | str) -> tuple[Any, ...]:
        counts = {0, 1, 2, 7}
        return (day(on), *(int(n) if place in counts else Decimal(n) for place, n in enumerate(numbers)))

    assert ask(f"select {columns} from marts.fct_sales_daily order by company_id, sales_date") == [
        row("2025-03-29", 1, 0, 4, "57.60", 48, "9.60", "4.95", 0, 0, 0, 48, 20, 28),
        row("2025-03-31", 1, 1, 6, 96, 80, 16, 0, 0, 0, 0, 60, 25, 35),
        row("2025-04-04", 0, 0, 0, 0, 0, 0, 0, 1, 12, "2.40", 0, 0, 0),
        row("2011-12-09", 1, 1, 2, 733, 667, 66, 500, 0, 0, 0, 667, 501, 166),
        # The matched refund holds 33 yen of tax (367 / 11 = 33.4, goods 334), the unmatched one none.
        row("2011-12-10", 0, 0, 0, 0, 0, 0, 0, 2, 701, 33, 0, 0, 0),
    ]


def test_charges_are_kept_apart_from_goods(ask: Query) -> None:
    assert ask(
        "select order_charge_id, order_id, shop_id, kind, charged_date, charge_amount"
        " from marts.fct_order_charges order by 1"
    ) == [
        ("c1", "o9", "ginza", "shipping", day("2011-12-09"), Decimal(500)),
        ("c2", None, None, "bad_debt", day("2011-12-09"), Decimal(-9000)),
    ]


def test_demand_is_dense_split_by_location_and_knows_when_nothing_was_there(ask: Query) -> None:
    def series(variant: str, location: str) -> list[tuple[Any, ...]]:
        return ask(
            "select demand_date, demand_units, returned_units, is_out_of_stock from marts.fct_demand_daily"
            f" where variant_id = '{variant}' and location_id = '{location}' order by 1"
        )

    depot = series("mug", "depot")
    assert [row[0] for row in depot] == [day("2025-03-28") + timedelta(days=n) for n in range(9)]
    assert [row[1] for row in depot] == [0, 4, 0, 3, 0, 0, 0, 0, 0]
    assert [row[2] for row in depot] == [0, 0, 0, 0, 0, 0, 0, 1, 0]
    # Written off on the 2nd, nothing on the 3rd, one came back on the 4th.
    assert [row[3] for row in depot] == [False] * 6 + [True, False, False]
    assert [row[1] for row in series("mug", "store")] == [0, 0, 0, 2, 0, 0, 0, 0, 0]
    assert [row[1] for row in series("lamp", "depot")] == [0, 1, 0, 0, 0, 0, 0]
    pens = series("pen", "back")
    assert len(pens) == 13
    assert [row[1:] for row in pens[:3]] == [(2, 0, False), (0, 2, False), (0, 0, False)]


def test_stock_of_each_day_follows_from_the_ledger(ask: Query) -> None:
    assert ask(
        "select stock_date, opening_units, received_units, sold_units, returned_units, adjusted_units,"
        " closing_units, is_out_of_stock from marts.fct_stock_daily"
        " where variant_id = 'mug' and location_id = 'depot' order by 1"
    ) == [
        (day("2025-03-28"), 0, 0, 0, 0, 10, 10, False),
        (day("2025-03-29"), 10, 0, 0, 0, 0, 10, False),
        (day("2025-03-30"), 10, 0, 4, 0, 0, 6, False),
        (day("2025-03-31"), 6, 0, 0, 0, 0, 6, False),
        (day("2025-04-01"), 6, 4, 3, 0, 0, 7, False),
        (day("2025-04-02"), 7, 0, 0, 0, -7, 0, False),
        (day("2025-04-03"), 0, 0, 0, 0, 0, 0, True),
        (day("2025-04-04"), 0, 0, 0, 1, 0, 1, False),
        (day("2025-04-05"), 1, 0, 0, 0, 0, 1, False),
    ]


def test_lead_times_come_from_receipts_and_from_what_is_still_open(ask: Query) -> None:
    assert ask(
        "select lead_time_id, sent_date, received_date, units, lead_time_days, lead_time_working_days,"
        " is_open from marts.fct_supplier_lead_times order by is_open"
    ) == [
        ("rcl1", day("2025-03-24"), day("2025-04-01"), 4, 8, 6, False),
        ("rol1", day("2025-03-24"), None, 6, 12, 9, True),
    ]
    assert ask("select restock_number, status, open_units, age_days from marts.fct_open_restock_lines") == [
        ("R1", "partly_received", 6, 12)
    ]


def test_items_to_plan_know_stock_backorders_and_terms(ask: Query) -> None:
    assert ask(
        "select series_id, supplier_id, on_hand_units, available_units, backordered_units, unit_cost_amount,"
        " moq_units, pack_units, quoted_lead_time_days, is_assumed_terms from marts.fct_plan_items order by 1"
    ) == [
        ("lamp|depot", None, 1, -2, 2, None, 1, 1, None, False),
        ("mug|depot", "severn", 1, 1, 0, Decimal("4.5"), 6, 6, 7, True),
        ("mug|store", "severn", 1, 1, 0, Decimal("4.5"), 6, 6, 7, True),
        ("pen|back", None, 0, 0, 0, Decimal("250.5"), 1, 1, None, True),
    ]
    assert ask("select variant_id from marts.fct_stock_levels where is_assumed") == [("lamp",)]
