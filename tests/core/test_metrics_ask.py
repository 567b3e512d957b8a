"""The measure engine over a published file of a handful of rows: every number is worked out by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from core.metrics.ask import Answer, Filters, ask
from core.metrics.buckets import bucket_starts
from core.metrics.errors import MeasureError
from core.metrics.metric import Metric, Source
from core.metrics.period import EARLIEST, MAX_DAYS, Period, PeriodError
from core.metrics.registry import METRICS, SOURCES, join
from core.metrics.sales import best_sellers
from core.published import BuildInfo, Snapshot
from tests.support.published import contract_columns

NOVEMBER = Period(date(2026, 11, 16), date(2026, 11, 18))
# The 18th has begun in Berlin when the orders were read: 23:30 UTC on the 17th.
READ_AT = datetime(2026, 11, 17, 23, 30, tzinfo=UTC)

SHOPS = [("web", "Web shop"), ("town", "Shop in town")]
CATEGORIES = [
    ("home", None, "Home", "home"),
    ("cups", "home", "Home > Cups", "home"),
    ("art", None, "Art", "art"),
]
PRODUCTS = [
    ("mug", "mug-s", "cups", "Acme", True), ("mug", "mug-l", "cups", "Acme", True),
    ("vase", "vase-1", "home", None, True), ("print", "print-1", "art", "Bolt", True),
    ("relic", "relic-1", None, None, False),
]  # fmt: skip
# shop, variant, day, units, list, discount, net, tax, costed net, cost, returned units, refunds
SALES: list[tuple[Any, ...]] = [
    ("web", "mug-s", "2026-11-16", 2, "24.00", "4.00", "16.81", "3.19", "16.81", "10.00", 0, "0"),
    ("web", "print-1", "2026-11-16", 1, "5.95", "0", "5.00", "0.95", "0", "0", 0, "0"),
    ("town", "mug-l", "2026-11-17", 3, "42.84", "0", "36.00", "6.84", "36.00", "21.00", 1, "8.40"),
    ("web", "vase-1", "2026-11-18", 1, "35.70", "0", "30.00", "5.70", "30.00", "12.00", 0, "0"),
    # Returned on the 18th, sold long ago.
    ("web", "print-1", "2026-11-18", 0, "0", "0", "0", "0", "0", "0", 1, "5.00"),
    # The week before: what the 16th to 18th are compared with.
    ("web", "mug-s", "2026-11-10", 1, "12.00", "0", "10.00", "2.00", "10.00", "5.00", 0, "0"),
    # 52 weeks before the 16th.
    ("town", "mug-s", "2025-11-17", 4, "48.00", "0", "40.00", "8.00", "40.00", "20.00", 0, "0"),
]
# shop, day, orders, of guests, shipping; units and amounts of the day are the sums of the rows above.
ORDERS = [
    ("web", "2026-11-16", 2, 1, "4.95"), ("town", "2026-11-17", 2, 2, "0"), ("web", "2026-11-18", 1, 0, "0"),
    ("web", "2026-11-10", 1, 0, "0"), ("town", "2025-11-17", 1, 0, "0"),
]  # fmt: skip


@pytest.fixture(scope="module")
def snapshot() -> Iterator[Snapshot]:
    build = BuildInfo(build_id="b", built_at=READ_AT, horizon_at=READ_AT, feed_pull_id="p")
    with duckdb.connect() as connection:
        for table, columns in contract_columns().items():
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table {table} ({listed})")
        _fill(connection)
        yield Snapshot(build, connection)


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    def add(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table} ({columns}) values ({marks})", rows)

    add("srv_company", "company_id, timezone", [("c", "Europe/Berlin")])
    add("srv_shops", "shop_id, shop_name", SHOPS)
    add("srv_categories", "category_id, parent_category_id, category_path, top_category_id", CATEGORIES)
    add("srv_category_tree", "ancestor_category_id, category_id",
        [("home", "home"), ("home", "cups"), ("cups", "cups"), ("art", "art")])  # fmt: skip
    add("srv_products", "product_id, variant_id, category_id, brand, is_sellable", PRODUCTS)
    connection.execute(
        "update srv_products set sku = variant_id, product_name = upper(product_id), top_category_id = ("
        "select top_category_id from srv_categories where category_id = srv_products.category_id)"
    )
    columns = (
        "units, list_sales_amount, discount_amount, net_sales_amount, tax_amount, costed_net_sales_amount,"
        " cost_amount, returned_units, returns_amount"
    )
    add("srv_product_sales_daily", f"shop_id, variant_id, sales_date, {columns}", SALES)
    connection.execute(
        "update srv_product_sales_daily as sales set product_id = products.product_id,"
        " margin_amount = costed_net_sales_amount - cost_amount"
        " from srv_products as products where products.variant_id = sales.variant_id"
    )
    sums = ", ".join(f"sum({name.strip()})" for name in columns.split(","))
    connection.execute(
        f"insert into srv_sales_daily (shop_id, sales_date, {columns}, margin_amount)"
        f" select shop_id, sales_date, {sums}, sum(margin_amount) from srv_product_sales_daily group by 1, 2"
    )
    connection.executemany(
        "update srv_sales_daily set orders_count = $3, guest_orders_count = $4, shipping_amount = $5"
        " where shop_id = $1 and sales_date = $2::date",
        ORDERS,
    )


def asked(snapshot: Snapshot, *measures: str, **options: Any) -> Answer:
    return ask(snapshot, measures=measures, **{"period": NOVEMBER, **options})


def values(answer: Answer, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in answer.rows]


def test_totals_are_those_of_the_rows_by_hand(snapshot: Snapshot) -> None:
    names = [name for name, metric in METRICS.items() if metric.source in ("sales", "product_sales")]
    totals = asked(snapshot, *names).totals
    expected = {
        "net_sales_amount": "87.81", "gross_sales_amount": "104.49", "list_sales_amount": "108.49",
        "discount_amount": "4.00", "tax_amount": "16.68", "shipping_amount": "4.95",
        "cost_amount": "43.00", "costed_net_sales_amount": "82.81", "margin_amount": "39.81",
        "returns_amount": "13.40", "returns_tax_amount": "0.00",
    }  # fmt: skip
    counts = {"orders_count": 5, "guest_orders_count": 3, "units": 7, "returned_units": 2}
    assert totals == {name: Decimal(value) for name, value in expected.items()} | counts


def test_ratios_are_made_of_sums_and_unknown_without_a_denominator(snapshot: Snapshot) -> None:
    totals = asked(
        snapshot, "discount_ratio", "margin_ratio", "returns_units_ratio", "returns_amount_ratio",
        "guest_orders_ratio", "units_per_order", "average_order_value_amount", "average_unit_price_amount",
        "net_sales_after_returns_amount",
    ).totals  # fmt: skip
    assert totals == {
        "discount_ratio": pytest.approx(4 / 108.49),
        "margin_ratio": pytest.approx(39.81 / 82.81),
        "returns_units_ratio": pytest.approx(2 / 7),
        "returns_amount_ratio": pytest.approx(13.40 / 87.81),
        "guest_orders_ratio": pytest.approx(3 / 5),
        "units_per_order": pytest.approx(7 / 5),
        "average_order_value_amount": Decimal("17.56"),  # 17.562
        "average_unit_price_amount": Decimal("12.54"),  # 12.5442…
        "net_sales_after_returns_amount": Decimal("74.41"),
    }
    empty = asked(snapshot, "margin_ratio", "average_order_value_amount", filters=Filters(shop_ids=()))
    assert empty.totals == {"margin_ratio": None, "average_order_value_amount": None}


def test_money_per_thing_is_rounded_half_away_from_zero(snapshot: Snapshot) -> None:
    """10.05 for two orders is 5.025 each, which a float would round down."""
    rounded = snapshot.rows(
        "select cast({} as decimal(18, 2)) as amount from (select 10.05::decimal(18, 2) as net_sales_amount,"
        " 2::bigint as orders_count)".format(METRICS["average_order_value_amount"].expression)
    )
    assert rounded == [{"amount": Decimal("5.03")}]


def test_days_without_sales_are_rows_and_the_running_day_is_marked(snapshot: Snapshot) -> None:
    period = Period(date(2026, 11, 14), date(2026, 11, 18))
    answer = asked(snapshot, "net_sales_amount", "orders_count", dimensions=["day"], period=period)
    assert values(answer, "day", "net_sales_amount", "orders_count", "is_incomplete") == [
        (date(2026, 11, 14), 0, 0, False),
        (date(2026, 11, 15), 0, 0, False),
        (date(2026, 11, 16), Decimal("21.81"), 2, False),
        (date(2026, 11, 17), Decimal("36.00"), 2, False),
        (date(2026, 11, 18), Decimal("30.00"), 1, True),
    ]


@pytest.mark.parametrize(
    ("time", "starts"),
    [
        ("week", [date(2026, 11, 9), date(2026, 11, 16)]),
        ("month", [date(2026, 11, 1)]),
        ("quarter", [date(2026, 10, 1)]),
        ("year", [date(2026, 1, 1)]),
    ],
)
def test_buckets_begin_on_their_first_day(snapshot: Snapshot, time: str, starts: list[date]) -> None:
    period = Period(date(2026, 11, 10), date(2026, 11, 18))
    answer = asked(snapshot, "net_sales_amount", dimensions=[time], period=period)
    assert [row[time] for row in answer.rows] == starts == bucket_starts(period, time)
    assert sum(row["net_sales_amount"] for row in answer.rows) == Decimal("97.81")
    assert all(row["is_incomplete"] for row in answer.rows)


def test_rows_have_names_and_the_greatest_comes_first(snapshot: Snapshot) -> None:
    answer = asked(snapshot, "net_sales_amount", "orders_count", dimensions=["shop"])
    assert values(answer, "shop_id", "shop_name", "net_sales_amount", "orders_count") == [
        ("web", "Web shop", Decimal("51.81"), 3),
        ("town", "Shop in town", Decimal("36.00"), 2),
    ]
    assert [(column.name, column.kind) for column in answer.columns] == [
        ("shop_id", "dimension"),
        ("shop_name", "dimension"),
        ("net_sales_amount", "measure"),
        ("orders_count", "measure"),
    ]


def test_what_is_known_of_the_variant_can_be_cut_by(snapshot: Snapshot) -> None:
    by_product = asked(snapshot, "units", dimensions=["product"], limit=2)
    assert values(by_product, "product_id", "sku", "units") == [("mug", "mug-l", 5), ("print", "print-1", 1)]
    assert by_product.has_more
    by_brand = asked(snapshot, "units", dimensions=["brand"])
    assert values(by_brand, "brand", "units") == [("Acme", 5), ("Bolt", 1), (None, 1)]
    by_top = asked(
        snapshot, "units", dimensions=["top_category", "shop"], order_by="top_category", descending=False
    )
    assert values(by_top, "top_category_id", "shop_id", "units") == [
        ("art", "web", 1),
        ("home", "town", 3),
        ("home", "web", 3),
    ]


def test_a_category_stands_for_its_subtree(snapshot: Snapshot) -> None:
    home = asked(snapshot, "net_sales_amount", filters=Filters(category_ids=("home",)))
    assert home.totals["net_sales_amount"] == Decimal("82.81")
    cups = asked(snapshot, "net_sales_amount", filters=Filters(category_ids=("cups",), shop_ids=("town",)))
    assert cups.totals["net_sales_amount"] == Decimal("36.00")


def test_weekdays_before_and_last_year_are_compared(snapshot: Snapshot) -> None:
    before = asked(snapshot, "net_sales_amount", dimensions=["day"], compare="previous")
    assert before.previous_period == Period(date(2026, 11, 9), date(2026, 11, 11))
    assert before.previous_totals == {"net_sales_amount": Decimal("10.00")}
    assert [row and row["net_sales_amount"] for row in before.previous_rows] == [0, Decimal("10.00"), 0]
    last_year = asked(snapshot, "units", dimensions=["product", "day"], compare="last_year", order_by="units")
    assert last_year.previous_period == Period(date(2025, 11, 17), date(2025, 11, 19))
    compared = zip(last_year.rows, last_year.previous_rows, strict=True)
    assert {(row["product_id"], row["day"].day): old and old["units"] for row, old in compared} == {
        ("mug", 17): None, ("mug", 16): 4, ("print", 16): None, ("vase", 18): None, ("print", 18): None,
    }  # fmt: skip


def test_nothing_is_compared_with_days_before_all_data(snapshot: Snapshot) -> None:
    answer = asked(snapshot, "units", period=Period(EARLIEST, EARLIEST), compare="last_year")
    assert (answer.previous_period, answer.previous_totals) == (None, None)


@pytest.mark.parametrize(
    ("question", "code", "field"),
    [
        ({"measures": ["profit"]}, "unknown_measure", "measures"),
        ({"measures": []}, "unknown_measure", "measures"),
        ({"measures": ["units"], "dimensions": ["moon"]}, "measure_not_by_dimension", "dimensions"),
        ({"measures": ["orders_count"], "dimensions": ["product"]}, "measure_not_by_dimension", "dimensions"),
        ({"measures": ["units"], "dimensions": ["day", "week"]}, "measure_not_by_dimension", "dimensions"),
        ({"measures": ["units"], "dimensions": ["shop", "shop"]}, "measure_not_by_dimension", "dimensions"),
        (
            {"measures": ["units_per_order"], "filters": Filters(product_ids=("mug",))},
            "measure_not_by_dimension",
            "filters",
        ),
        ({"measures": ["units"], "order_by": "orders_count"}, "unknown_order", "order_by"),
    ],
)
def test_what_does_not_go_together_is_refused(
    snapshot: Snapshot, question: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(MeasureError) as refused:
        ask(snapshot, period=NOVEMBER, **question)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_ids_are_values_and_never_sql(snapshot: Snapshot) -> None:
    odd = Filters(shop_ids=("web') or ('1' = '1",))
    assert asked(snapshot, "units", filters=odd).totals == {"units": 0}


def test_worst_sellers_are_for_sale_and_the_unsold_come_first(snapshot: Snapshot) -> None:
    period = Period(date(2026, 11, 17), date(2026, 11, 18))
    worst = best_sellers(snapshot, period, worst=True)
    assert [(row["product_id"], row["units"]) for row in worst] == [("print", 0), ("vase", 1), ("mug", 3)]
    best = best_sellers(snapshot, period, filters=Filters(category_ids=("home",)))
    assert [row["product_id"] for row in best] == ["mug", "vase"]


@pytest.mark.parametrize(
    ("first", "last", "is_first"),
    [
        (date(2026, 11, 2), date(2026, 11, 1), False),
        (date(1969, 12, 31), date(1970, 1, 1), True),
        (date(2100, 12, 31), date(2101, 1, 1), False),
        (date(2000, 1, 1), date(2026, 1, 1), True),
    ],
)
def test_periods_have_limits(first: date, last: date, is_first: bool) -> None:
    with pytest.raises(PeriodError) as refused:
        Period(first, last)
    assert refused.value.is_first is is_first


def test_the_longest_period_is_taken() -> None:
    assert Period(date(2016, 1, 1), date(2016, 1, 1) + timedelta(days=MAX_DAYS - 1)).days == MAX_DAYS


def test_every_metric_answers_on_the_served_tables(snapshot: Snapshot) -> None:
    """Each expression names columns that the contracts promise, and each source knows its dimensions."""
    for name, metric in METRICS.items():
        assert asked(snapshot, name).totals.keys() == {name}
        assert metric.definition.endswith(".")
        assert metric.formula
        assert metric.grain
    for source in SOURCES.values():
        columns = contract_columns()[source.table]
        assert set(source.dimensions.values()) <= columns.keys()


def test_the_registry_refuses_doubles_circles_and_unknown_parts() -> None:
    source = Source("s", "t", None, {})
    units = METRICS["units"]
    base = Metric(**{**vars(units), "name": "a", "source": "s"})
    with pytest.raises(ValueError, match="twice"):
        join([base, base], [source])
    with pytest.raises(ValueError, match="twice"):
        join([], [source, source])
    with pytest.raises(ValueError, match="unknown source"):
        join([base], [])
    derived = Metric(**{**vars(base), "name": "b", "source": "", "expression": "a + c", "needs": ("a", "c")})
    with pytest.raises(ValueError, match="unknown metrics"):
        join([base, derived], [source])
    circle = Metric(**{**vars(derived), "name": "c", "expression": "b", "needs": ("b",)})
    with pytest.raises(ValueError, match="made of itself"):
        join([base, derived, circle], [source])
