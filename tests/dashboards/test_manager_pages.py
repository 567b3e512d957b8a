"""The manager's pages: the API's numbers, filters in the address, one's own shops, plain refusals."""

import doctest
import importlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from core.metrics.period import Period
from core.metrics.registry import METRICS
from core.published import close_snapshots
from dashboards.data.alerts import sales_alerts, stock_alerts
from dashboards.data.filters import InvalidRange, period_named, shops_within, whole_days
from dashboards.navigation import PAGES
from dashboards.ui.words import value_text
from tests.support.pages import Pages, figure, words
from tests.support.published import LAST_DAY, publish, small_plan

ADMIN, MANAGER = "company_admin@acme.example", "shop_manager@acme.example"
OTHER_SHOP = "0197c000-0000-7000-8000-00000000000f"
OTHERS_SALES = 77_777
MANAGED = ("overview", "sales", "products")
# What each page heads with; the names are those of the registry.
SHOWN = {
    "overview": ("net_sales_amount", "orders_count", "average_order_value_amount", "returns_amount"),
    "sales": ("units", "margin_amount", "margin_ratio", "discount_amount", "returns_amount"),
    "products": ("net_sales_amount", "units", "margin_amount", "returns_units_ratio"),
}
DAYS = {"from": "2026-11-05", "to": "2026-11-10"}


@pytest.fixture
def two_shops(unpublished: Pages) -> Pages:
    """Acme has a second shop, whose sales the manager of the first may not see."""
    plan = dict(small_plan(unpublished.acme))
    plan["srv_shops"] = [*plan["srv_shops"], {"shop_id": OTHER_SHOP, "shop_name": "Secret shop"}]
    for table in ("srv_sales_daily", "srv_product_sales_daily"):
        own = list(plan[table])
        others = {**own[-1], "shop_id": OTHER_SHOP, "net_sales_amount": OTHERS_SALES}
        plan[table] = [*own, others]
    elsewhere = {"location_id": OTHER_SHOP, "location_name": "Secret store", "stock_status": "out_of_stock"}
    plan["srv_stock_levels"] = [
        *plan["srv_stock_levels"],
        {**next(iter(plan["srv_stock_levels"])), **elsewhere},
    ]
    plan["srv_shop_locations"] = [
        *plan["srv_shop_locations"],
        {"shop_id": OTHER_SHOP, "location_id": OTHER_SHOP},
    ]
    publish(unpublished.settings, {unpublished.acme: plan, unpublished.bolt: small_plan(unpublished.bolt)})
    return unpublished


def test_every_figure_is_the_apis(pages: Pages) -> None:
    pages.log_in(ADMIN)
    for page, names in SHOWN.items():
        at = pages.open(page, period="Custom", **DAYS)
        said = pages.report("sales", measures=names, **DAYS)["totals"]
        shown = {name: figure(at, METRICS[name].title) for name in names}
        assert shown == {
            name: value_text(
                None if said[name] is None else Decimal(str(said[name])), METRICS[name].format, "EUR"
            )
            for name in names
        }
    # 5 + … + 10 units at 10.00.
    assert said["net_sales_amount"] == "450.00"


def test_filters_are_read_from_the_address_and_stay_in_it(two_shops: Pages) -> None:
    two_shops.log_in(ADMIN)
    address = {"period": "7 days", "shop": "Main shop", "category": "Home > Kitchen", "compare": "Last year"}
    at = two_shops.open("sales", **address)
    assert figure(at, "Net sales") == "1,190"
    assert "2025-11-15 to 2025-11-21 (same weekdays)" in words(at)
    for name, text in address.items():
        assert at.query_params[name] in (text, [text])
    # Orders are not known by category: said, not guessed.
    assert figure(at, "Orders") == "–"
    # Another page takes them over: see test_picking_a_row_goes_down_and_the_filters_come_along, in Chromium.
    assert at.multiselect(key="shop").value == [str(two_shops.acme.shop_id)]


def test_a_manager_never_gets_another_shops_numbers_from_the_cache(two_shops: Pages) -> None:
    """The admin looks first, at the same build: what is cached for one is not for the other."""
    seen: dict[str, str] = {}
    product = str(two_shops.acme.product_id)
    for email in (ADMIN, MANAGER):
        two_shops.log_in(email)
        said = [words(two_shops.open(page)) for page in MANAGED]
        seen[email] = "\n".join([*said, words(two_shops.open("products", product=product))])
    for known in ("Net sales 79,877", "Secret store", "1 item is out of stock."):
        assert known in seen[ADMIN]
    assert "Net sales 2,100" in seen[MANAGER]
    for secret in ("Secret", "79,877", "77777", "77,777", "is out of stock."):
        assert secret not in seen[MANAGER]
    at = two_shops.open("sales", shop="Secret shop")
    assert "asks for “Secret shop”, which is not a shop that you may see here" in at.error[0].value
    assert not at.metric
    at.button[0].click().run()
    assert figure(at, "Net sales") == "2,100"


def test_days_that_are_no_answer_are_refused_in_words(pages: Pages) -> None:
    pages.log_in(ADMIN)
    custom = {"period": "Custom"}
    at = pages.open("sales", **custom, **{"from": "2026-11-10", "to": "2026-11-05"})
    assert "the period ends before it begins" in at.error[0].value
    at = pages.open("sales", **custom, **{"from": "1999-01-01", "to": "1999-12-31"})
    assert "The data covers 2026-11-01 to 2026-11-20" in at.info[0].value
    assert not at.metric
    at = pages.open("sales", **custom, **{"from": "1970-01-01", "to": "2099-12-31"})
    assert "days at most" in at.error[0].value


def test_whole_days_are_compared_while_one_is_running(
    unpublished: Pages, publish_again: Callable[..., None]
) -> None:
    publish_again(unpublished, horizon_at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
    unpublished.log_in(ADMIN)
    at = unpublished.open(period="7 days")
    (net,) = (metric for metric in at.metric if metric.label == "Net sales")
    # 14 + … + 20 is shown; 14 + … + 19 = 99 is compared with 7 + … + 12 = 57.
    assert (net.value, net.delta) == ("1,190", "+73.7%")
    assert "changes compare whole days only" in words(at)
    assert "A hollow point is a part of a day" in words(at)


def test_the_way_down_ends_at_a_products_own_page(two_shops: Pages) -> None:
    two_shops.log_in(ADMIN)
    at = two_shops.open("sales", shop="Main shop", sales_by="Category")
    assert "Pick a row of the table to see that category's products." in words(at)
    at.button(key="sales_trail_company").click().run()
    assert figure(at, "Net sales") == "79,877"
    at = two_shops.open("products", product=str(two_shops.acme.product_id), shop="Main shop")
    assert "price 10.00 EUR · on sale" in words(at)
    assert figure(at, "Average price") == "10.00"
    assert "! low" in words(at)
    at = two_shops.open("products", product="no-such-product")
    assert "does not exist here" in at.error[0].value


def test_all_pages_say_why_they_are_empty_old_or_of_another_version(
    unpublished: Pages, publish_again: Callable[..., None]
) -> None:
    unpublished.log_in(ADMIN)
    views = [page.view for page in PAGES]
    for view in views:
        assert "Run `stockwise run`" in words(unpublished.open(view)), view
    publish_again(unpublished, horizon_at=datetime(2026, 11, 18, 9, 0, tzinfo=UTC))
    for view in views:
        assert any("**Late:**" in warning.value for warning in unpublished.open(view).warning), view
    publish_again(unpublished, build_id="build-2")
    _drop(unpublished, "build-2", "srv_product_sales_daily")
    at = unpublished.open("products")
    assert "another version made them" in at.warning[-1].value
    assert not at.error


def test_the_menu_is_the_roles_work(pages: Pages) -> None:
    for role, hidden in (("buyer", "sales"), ("shop_staff", "restock")):
        pages.log_in(f"{role}@acme.example")
        with pytest.raises(ValueError, match=hidden):
            pages.open(hidden)


@pytest.mark.parametrize(
    ("chosen", "reach", "asked"),
    [
        ((), None, None),
        (("b", "a"), None, ("a", "b")),
        ((), ("a",), ("a",)),
        (("b",), ("a",), ("a",)),
        (("a", "b"), ("a", "c"), ("a",)),
        ((), (), ()),
    ],
)
def test_shops_are_never_more_than_the_visitors_own(
    chosen: tuple[str, ...], reach: tuple[str, ...] | None, asked: tuple[str, ...] | None
) -> None:
    assert shops_within(chosen, reach) == asked


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("7 days", date(2026, 11, 14), LAST_DAY),
        ("52 weeks", date(2025, 11, 22), LAST_DAY),
        ("This month", date(2026, 11, 1), LAST_DAY),
        ("Last month", date(2026, 10, 1), date(2026, 10, 31)),
        ("This year", date(2026, 1, 1), LAST_DAY),
        ("Custom", date(2026, 10, 24), LAST_DAY),
    ],
)
def test_periods_by_name(name: str, first: date, last: date) -> None:
    assert period_named(name, last_date=LAST_DAY) == Period(first, last)


def test_only_whole_days_are_compared() -> None:
    period = Period(date(2026, 11, 1), date(2026, 11, 20))
    assert whole_days(period, horizon_date=date(2026, 11, 21)) == period
    assert whole_days(period, horizon_date=date(2026, 11, 20)) == Period(
        date(2026, 11, 1), date(2026, 11, 19)
    )
    assert whole_days(period, horizon_date=date(2026, 11, 1)) is None
    with pytest.raises(InvalidRange, match="ends before it begins"):
        period_named("Custom", last_date=LAST_DAY, first=date(2026, 11, 5), last=date(2026, 11, 1))


def test_alerts_name_what_turned() -> None:
    now, before = (
        {"net_sales_amount": Decimal(net), "returns_amount_ratio": rate}
        for net, rate in ((70, 0.06), (100, 0.02))
    )
    assert [alert.sentence for alert in sales_alerts(now, before)] == [
        "Net sales fell by 30%.",
        "Returns rose from 2.0% to 6.0% of net sales.",
    ]
    assert (
        sales_alerts({**now, "net_sales_amount": Decimal(80)}, {**before, "returns_amount_ratio": None}) == []
    )
    assert sales_alerts(now, None) == []
    rows = [
        {"stock_status": "out_of_stock", "items_count": 1},
        {"stock_status": "low_stock", "items_count": 1200},
        {"stock_status": "in_stock", "items_count": 5},
    ]
    assert [alert.sentence for alert in stock_alerts(rows)] == [
        "1 item is out of stock.",
        "1,200 items are low on stock.",
    ]


@pytest.mark.parametrize(
    "module",
    ["data.filters", "data.movers", "data.measures", "ui.words", "ui.page_table", "ui.assortment"],
)
def test_examples_in_docstrings_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"dashboards.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def _drop(pages: Pages, build_id: str, table: str) -> None:
    """Make the build one of a version that knew no such table."""
    close_snapshots()
    file = pages.settings.published_folder / build_id / f"{pages.acme.id}.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"drop table {table}")
