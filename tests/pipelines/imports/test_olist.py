"""Olist's sample: every row and every centavo against queries of the files that share no code."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from core.postgres.server import Server
from core.settings import Settings
from pipelines.imports.raw_files import ImportFileError
from pipelines.imports.shop.history_report import HistoryReport
from pipelines.imports.shop.olist import read_olist
from pipelines.imports.shop.shop_import import HistoryOptions, import_tables
from tests.pipelines.imports.history_files import NOW, Shops, write_files
from tests.support.databases import fresh_copy

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "olist_sample"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the data set is not beside the checkout")
TIMES = (
    "order_purchase_timestamp", "order_approved_at", "order_delivered_carrier_date",
    "order_delivered_customer_date", "order_estimated_delivery_date",
)  # fmt: skip


@pytest.fixture(scope="module")
def shops(database_server: Server, session_settings: Settings) -> Iterator[Shops]:
    with fresh_copy(database_server, session_settings) as database:
        yield Shops(database)


@pytest.fixture(scope="module")
def report(shops: Shops) -> HistoryReport:
    return load(shops, FOLDER)


@pytest.fixture(scope="module")
def files() -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample's files as views."""
    with duckdb.connect() as connection:
        for file in FOLDER.glob("*.parquet"):
            connection.execute(f"create view {file.stem} as select * from read_parquet('{file}')")
        connection.execute(
            "create view sold as select orders.*, items.goods, items.freight from orders join ("
            "select order_id, sum(price::decimal(14, 2)) as goods, sum(freight_value::decimal(14, 2))"
            " as freight from order_items group by order_id) as items on items.order_id = orders.order_id"
        )
        yield connection


def load(shops: Shops, folder: Path, *, is_dry_run: bool = False) -> HistoryReport:
    """Import the data set into the company Olist."""
    raw, mapping = read_olist(folder)
    with shops.database.connect("app") as connection:
        options = HistoryOptions("Olist", is_dry_run=is_dry_run)
        return import_tables(connection, raw, mapping, options, now=NOW)


def test_every_row_is_in_one_count(report: HistoryReport, files: duckdb.DuckDBPyConnection) -> None:
    def count(query: str) -> int:
        return int(files.execute(f"select count(*) from {query}").fetchall()[0][0])

    persons = count("(select distinct customer_unique_id from customers)")
    assert {total.table: tuple(vars(total).values())[1:] for total in report.tables} == {
        "products": (count("products"), count("products"), 0, 0),
        "customers": (count("customers"), persons, count("customers") - persons, 0),
        "orders": (count("orders"), count("sold"), 0, count("orders") - count("sold")),
        "lines": (count("order_items"), count("order_items"), 0, 0),
    }
    assert (report.rows_read, report.rows_imported, report.rows_rejected) == (19_462, 19_419, 34)
    assert report.reasons == {"orders: it has no lines": 34}
    assert report.is_complete


def test_money_equals_an_independent_query(
    report: HistoryReport, shops: Shops, files: duckdb.DuckDBPyConnection
) -> None:
    goods, freight = files.execute("select sum(goods), sum(freight) from sold").fetchall()[0]
    assert (goods, freight) == (Decimal("677833.96"), Decimal("111566.53"))
    assert {money.what: money.amount for money in report.money} == {
        "orders, to be paid": goods + freight,
        "lines, as priced": goods,
        "returns, refunded": Decimal(0),
    }
    assert shops.rows(
        "Olist", "select sum(subtotal_amount), sum(shipping_amount), sum(total_amount), count(*) from orders"
    ) == [(goods, freight, goods + freight, 4_966)]  # fmt: skip


def test_states_months_and_prices_equal_an_independent_query(
    report: HistoryReport, shops: Shops, files: duckdb.DuckDBPyConnection
) -> None:
    assert report.written["orders"] == 4_966
    expected = files.execute(
        "select case order_status when 'delivered' then 'completed' when 'invoiced' then 'processing'"
        " when 'canceled' then 'cancelled' when 'unavailable' then 'cancelled' else order_status end,"
        " count(*) from sold group by 1 order by 1"
    ).fetchall()
    assert shops.rows("Olist", "select status, count(*) from orders group by 1 order by 1") == expected
    months = files.execute(
        "select strftime(strptime(order_purchase_timestamp, '%m/%d/%Y %H:%M'), '%Y-%m'), count(*), sum(goods)"
        " from sold group by 1 order by 1"
    ).fetchall()
    assert shops.rows(
        "Olist", "select to_char(placed_at at time zone 'America/Sao_Paulo', 'YYYY-MM'), count(*),"
        " sum(subtotal_amount) from orders group by 1 order by 1"
    ) == months  # fmt: skip
    prices = files.execute(
        "select product_id, price from (select product_id, price::decimal(18, 6) as price, row_number() over"
        " (partition by product_id order by count(*) desc, price desc) as place from order_items"
        " group by product_id, price) where place = 1 order by 1"
    ).fetchall()
    assert shops.rows("Olist", 'select sku, price_amount from products order by sku collate "C"') == prices


def test_stock_was_never_below_zero_and_covers_what_is_open(report: HistoryReport, shops: Shops) -> None:
    left = sum(total.imported for total in report.tables if total.table == "lines")
    open_units, cancelled = shops.rows(
        "Olist",
        "select sum(quantity_units) filter (where status = 'processing'), sum(cancelled_units)"
        " from order_lines join orders on orders.id = order_id",
    )[0]
    assert report.assumed_opening_units == left - cancelled
    assert shops.rows(
        "Olist", "select sum(on_hand_units), sum(reserved_units), bool_or(allow_backorder) from stock_levels"
    ) == [(open_units, open_units, False)]  # fmt: skip
    assert shops.rows(
        "Olist", "select count(*) from (select sum(delta_units) over (partition by variant_id order by"
        " occurred_at, delta_units) as balance from stock_ledger) as moves where balance < 0"
    ) == [(0,)]  # fmt: skip
    assert shops.rows("Olist", "select bool_and(is_assumed) from stock_ledger where reason = 'opening'") == [
        (True,)
    ]


def test_the_original_csv_files_are_known_to_be_the_same(
    report: HistoryReport, shops: Shops, files: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The nine files as they are published: ISO dates, quoted text, other names."""
    for file in FOLDER.glob("*.parquet"):
        name = file.stem if file.stem.endswith("translation") else f"olist_{file.stem}_dataset"
        times = [f"strptime({time}, '%m/%d/%Y %H:%M') as {time}" for time in TIMES]
        columns = f"* replace ({', '.join(times)})" if file.stem == "orders" else "*"
        if file.stem.endswith("translation"):
            columns = "product_category_namept as product_category_name, product_category_name_english"
        target = tmp_path / f"{name}.csv"
        files.execute(f"copy (select {columns} from {file.stem}) to '{target}' (header, force_quote *)")
    again = load(shops, tmp_path)
    assert [(total.rows_read, total.imported, total.rejected) for total in again.tables] == [
        (total.rows_read, 0, total.rejected) for total in report.tables
    ]
    assert (again.written, again.is_complete) == ({}, True)
    fresh = import_dry(shops, tmp_path)
    assert (fresh.money, fresh.tables) == (report.money, report.tables)


def import_dry(shops: Shops, folder: Path) -> HistoryReport:
    """Say what a company without history would get."""
    raw, mapping = read_olist(folder)
    with shops.database.connect("app") as connection:
        options = HistoryOptions("Another", is_dry_run=True)
        return import_tables(connection, raw, mapping, options, now=NOW)


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"holds no olist_orders_dataset\.csv and no orders\.parquet"):
        read_olist(tmp_path)
    write_files(
        tmp_path, dict.fromkeys(("orders.csv", "order_items.csv", "customers.csv", "products.csv"), "a\n1\n")
    )
    with pytest.raises(ImportFileError, match="is not Olist's: it has no column order_id"):
        read_olist(tmp_path)
