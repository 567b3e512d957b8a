"""The example of the docs, run as it stands there: in CSV, Parquet and Excel, once and again."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from core.errors import StockwiseError
from core.postgres.server import Server
from core.progress import SilentProgress, Step
from core.settings import Settings
from pipelines.imports.shop.layout import TABLES
from tests.pipelines.imports.history_files import COMPANY, PRODUCTS, Shops, write_files
from tests.support.databases import fresh_copy

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "how-to" / "bring-your-history.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.]+)`\n```\w+\n(.*?)```", PAGE, re.DOTALL))
FORMATS = {"Tea House": "csv", "Tea House P": "parquet", "Tea House X": "xlsx"}
CONTENT = (
    "select external_code, status, payment_status, placed_at, subtotal_amount, tax_amount, shipping_amount,"
    " total_amount from orders order by 1",
    "select orders.external_code, line_number, line.sku, quantity_units, line_amount, net_amount,"
    " line.tax_amount, gross_amount, fulfilled_units, cancelled_units, returned_units"
    " from order_lines as line join orders on orders.id = line.order_id order by 1, 2",
    "select variants.sku, delta_units, reason, is_assumed, occurred_at from stock_ledger"
    " join variants on variants.id = variant_id order by 1, 5, 3, 2",
    "select variants.sku, on_hand_units, reserved_units from stock_levels"
    " join variants on variants.id = variant_id order by 1",
    "select note, status, total_amount, sent_at, closed_at from restock_orders order by 1",
    "select received_at, receipt_lines.received_units from receipts"
    " join receipt_lines on receipt_lines.receipt_id = receipts.id order by 1",
    "select name, price_amount, cost_amount, status from products order by 1",
    "select code, quoted_lead_time_days from suppliers",
    "select external_code from customers order by 1",
)  # fmt: skip


@pytest.fixture(scope="module")
def shops(database_server: Server, session_settings: Settings) -> Iterator[Shops]:
    with fresh_copy(database_server, session_settings) as database:
        yield Shops(database)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example's folder, and the same rows with the columns' own types in the other formats."""
    root = tmp_path_factory.mktemp("history")
    made = {}
    for company, suffix in FORMATS.items():
        made[company] = write_files(root / suffix, FILES)
        if suffix != "csv":
            _retype(made[company], suffix)
    return made


def _retype(folder: Path, suffix: str) -> None:
    mapping = (folder / "mapping.toml").read_text(encoding="utf-8")
    for file in sorted(folder.glob("*.csv")):
        frame = pl.read_csv(file, separator=";", infer_schema=False)
        typed = [_typed(frame[name]) for name in frame.columns]
        other = file.with_suffix(f".{suffix}")
        if suffix == "parquet":
            pl.DataFrame(typed).write_parquet(other)
        else:
            pl.DataFrame(typed).write_excel(other)
        file.unlink()
        mapping = mapping.replace(file.name, other.name)
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8")


def _typed(column: pl.Series) -> pl.Series:
    if column.str.contains(r"^\d{2}\.\d{2}\.\d{4}").drop_nulls().all() and column.name != "Artikelnr":
        with_time = column.str.to_datetime("%d.%m.%Y %H:%M", strict=False)
        return with_time.fill_null(column.str.to_date("%d.%m.%Y", strict=False).cast(pl.Datetime))
    if column.name in ("Preis", "EK", "Versand"):
        return column.str.replace_all(".", "", literal=True).str.replace(",", ".").cast(pl.Float64)
    return column.cast(pl.Int64, strict=True) if column.str.contains(r"^\d+$").drop_nulls().all() else column


@pytest.fixture(scope="module")
def contents(shops: Shops, folders: dict[str, Path]) -> dict[str, list[list[tuple[object, ...]]]]:
    """What each format left in the database."""
    for company, folder in folders.items():
        assert shops.load(folder, company).is_complete
    return {company: [shops.rows(company, query) for query in CONTENT] for company in folders}


def _page_rows(first_column: str) -> list[list[str]]:
    """Return the rows of the page's table that begins with this column."""
    block = PAGE.split(f"| {first_column} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]


def test_the_dry_run_says_what_the_page_says_and_changes_nothing(
    shops: Shops, folders: dict[str, Path], tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    report = shops.load(folders["Tea House"], "Dry", is_dry_run=True, rejects=rejects)
    assert [[str(value) for value in vars(total).values()] for total in report.tables] == _page_rows("table")
    assert [
        [money.what, f"{money.documents}", f"{money.units}", money.currency, f"{money.amount:,}"]
        for money in report.money
    ] == _page_rows("what")
    faults = [[fault.file, str(fault.line), fault.reason] for fault in report.first_faults]
    assert faults == _page_rows("file | line")
    assert pl.read_csv(rejects)["row"].to_list() == [
        '{"order":"1004","placed_at":"31.12.2099 12:30","customer":"K8","status":"erledigt",'
        '"shipping_amount":"0"}',
        '{"order":"1004","sku":"T-1","quantity_units":"1","unit_price_amount":"29,90","returned_units":"0"}',
    ]
    assert (report.written, report.is_complete) == ({}, True)
    with shops.database.connect("app") as connection:
        assert connection.execute("select * from auth_find_company('dry')").fetchall() == []


def test_the_days_that_are_told_are_those_of_rows_that_go_in_or_are_there(
    shops: Shops, tmp_path: Path
) -> None:
    """An order with an article that nobody knows is rejected whole, and bounds no history."""
    orders = "order,placed_at\n1,2020-01-05\n2,2024-03-01\n3,2024-03-09\n4,2025-12-24\n"
    lines = "".join(f"{order},{sku},1,2.5\n" for order, sku in enumerate("XAAX", start=1))
    folder = write_files(
        tmp_path,
        {
            "mapping.toml": COMPANY,
            "products.csv": PRODUCTS,
            "orders.csv": orders,
            "lines.csv": "order,sku,quantity_units,unit_price_amount\n" + lines,
        },
    )
    days = (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 9, tzinfo=UTC))
    for is_dry_run in (True, False, True):
        report = shops.load(folder, "Days", is_dry_run=is_dry_run, rejects=tmp_path / "rejects.csv")
        assert (report.rows_rejected, (report.first_at, report.last_at)) == (4, days)


def test_the_example_is_in_the_database_as_it_was(
    contents: dict[str, list[list[tuple[object, ...]]]],
) -> None:
    orders, lines, ledger, levels, restock, receipts, products, suppliers, customers = contents["Tea House"]

    def at(*moment: int) -> datetime:
        return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type, misc]

    assert [tuple(map(str, row[:3])) + row[3:4] for row in orders] == [
        ("1001", "completed", "partly_refunded", at(2024, 1, 2, 9, 15)),
        ("1002", "completed", "paid", at(2024, 1, 3, 8)),
        ("1003", "cancelled", "voided", at(2024, 1, 4, 11, 30)),
    ]
    assert [" ".join(map(str, row[4:])) for row in orders] == [
        "1309.80 209.13 4.90 1314.70",
        "29.90 4.77 4.90 34.80",
        "89.70 14.32 0.00 89.70",
    ]
    assert [" ".join(map(str, row)) for row in lines] == [
        "1001 1 T-1 2 59.80 50.25 9.55 59.80 2 0 1",
        "1001 2 T-2 1 1250.00 1050.42 199.58 1250.00 1 0 0",
        "1002 1 T-1 1 29.90 25.13 4.77 29.90 1 0 0",
        "1003 1 T-1 3 89.70 75.38 14.32 89.70 0 3 0",
    ]
    assert [row[:4] for row in ledger] == [
        ("T-1", 1, "opening", False),
        ("T-1", 6, "receipt", False),
        ("T-1", 4, "receipt", False),
        ("T-1", 1, "return", True),
        ("T-1", -2, "sale", False),
        ("T-1", -1, "sale", False),
        ("T-2", 4, "opening", False),
        ("T-2", -1, "sale", False),
    ]
    assert levels == [("T-1", 9, 0), ("T-2", 3, 0)]
    assert [(row[:2], row[3:]) for row in restock] == [
        (("Imported: B1", "received"), (at(2023, 11, 30, 23), at(2023, 12, 17, 23))),
        (("Imported: B2", "sent"), (at(2023, 12, 27, 23), None)),
    ]
    assert receipts == [(at(2023, 12, 11, 23), 6), (at(2023, 12, 17, 23), 4)]
    assert [" ".join(map(str, row)) for row in products] == [
        "Tasse 1250.000000 600.000000 published",
        "Teekanne 29.900000 12.500000 published",
    ]
    assert (suppliers, customers) == ([("Meyer", 14)], [("K7",), ("K8",)])


def test_parquet_and_excel_give_the_same_history(contents: dict[str, list[list[tuple[object, ...]]]]) -> None:
    assert contents["Tea House P"] == contents["Tea House"]
    assert contents["Tea House X"] == contents["Tea House"]


@pytest.mark.usefixtures("contents")
def test_a_second_import_adds_nothing_and_leaves_later_sales_alone(
    shops: Shops, folders: dict[str, Path]
) -> None:
    with shops.database.connect("owner") as owner:
        owner.execute(
            "insert into stock_ledger (company_id, location_id, variant_id, delta_units, reason)"
            " select variants.company_id, locations.id, variants.id, -5, 'sale' from variants"
            " join locations on locations.company_id = variants.company_id"
            " join companies on companies.id = variants.company_id"
            " where companies.slug = 'tea-house' and variants.sku = 'T-1'"
        )
    report = shops.load(folders["Tea House"], "Tea House")
    assert [(total.imported, total.already_there, total.rejected) for total in report.tables] == [
        (0, 2, 0), (0, 3, 1), (0, 4, 1), (0, 2, 0), (0, 3, 0),
    ]  # fmt: skip
    assert (report.written, report.is_complete) == ({}, True)
    assert shops.rows("Tea House", CONTENT[3]) == [("T-1", 4, 0), ("T-2", 3, 0)]
    assert shops.rows("Tea House", "select type, count(*) from events group by 1") == [
        ("import.completed", 1)
    ]


@pytest.mark.usefixtures("contents")
def test_next_months_files_add_what_is_new_and_a_newer_count_holds(
    shops: Shops, folders: dict[str, Path], tmp_path: Path
) -> None:
    files = FILES | {
        "auftraege.csv": FILES["auftraege.csv"] + "1005;20.02.2024 10:00;K9;erledigt;0\n",
        "positionen.csv": FILES["positionen.csv"] + "1005;T-1;6;29,90;0\n",
        "stock.csv": "sku;on_hand_units;counted_at\nT-1;2;21.02.2024\nT-2;3;21.02.2024\n",
    }
    report = shops.load(write_files(tmp_path, files), "Tea House P")
    assert {total.table: total.imported for total in report.tables} == {
        "products": 0, "orders": 1, "lines": 1, "stock": 1, "purchase_orders": 0,
    }  # fmt: skip
    assert (report.difference_units, report.is_complete) == (-1, True)
    assert shops.rows("Tea House P", CONTENT[3]) == [("T-1", 2, 0), ("T-2", 3, 0)]
    assert shops.rows("Tea House P", CONTENT[8]) == [("K7",), ("K8",), ("K9",)]


class BreakingProgress(SilentProgress):
    """Fails when the ledger is about to be written, as Ctrl-C may at any moment."""

    @contextmanager
    def step(self, title: str, *, total: float | None = None) -> Iterator[Step]:
        if title == "Writing stock ledger":
            raise KeyboardInterrupt
        with super().step(title, total=total) as step:
            yield step


def test_an_interrupted_import_leaves_nothing(shops: Shops, folders: dict[str, Path]) -> None:
    with pytest.raises(KeyboardInterrupt):
        shops.load(folders["Tea House"], "Broken", progress=BreakingProgress())
    with shops.database.connect("owner") as owner:
        assert owner.execute("select count(*) from companies where slug = 'broken'").fetchall() == [(0,)]
        assert owner.execute(
            "select count(*) from orders where company_id not in (select id from companies)"
        ).fetchall() == [(0,)]


def test_a_company_that_sells_already_takes_its_history_in(
    shops: Shops, folders: dict[str, Path], tmp_path: Path
) -> None:
    with shops.database.connect("owner") as owner:
        owner.execute(
            "insert into companies (name, slug, currency, timezone) values"
            " ('Live', 'live', 'EUR', 'Europe/Berlin'), ('Yen', 'yen', 'JPY', 'Asia/Tokyo')"
        )
    report = shops.load(folders["Tea House"], "Live")
    assert (report.is_new_company, report.rows_imported) == (False, 14)
    assert shops.rows("Live", "select data_origin, currency from companies") == [("live", "EUR")]
    with pytest.raises(StockwiseError, match="has the currency JPY, the mapping file says EUR"):
        shops.load(folders["Tea House"], "Yen")
    unsaid = write_files(tmp_path, {"products.csv": "sku,name,price_amount\nA,Apple,1\n"})
    with pytest.raises(
        StockwiseError, match="no company 'nobody' yet, and the mapping file names no currency"
    ):
        shops.load(unsaid, "Nobody")


def test_open_orders_hold_stock_and_what_is_missing_is_a_backorder(shops: Shops, tmp_path: Path) -> None:
    files = {
        "mapping.toml": '[company]\ncurrency = "EUR"\ntimezone = "UTC"\n',
        "products.csv": "sku,name,price_amount\nA,Apple,1\nB,Bread,2\n",
        "orders.csv": "order,placed_at,status,location\n1,2024-01-02,confirmed,W\n2,2024-01-03,pending,W\n",
        "lines.csv": "order,sku,quantity_units,unit_price_amount\n1,A,3,1\n2,A,4,1\n2,B,2,2\n",
        "stock.csv": "sku,location,on_hand_units\nA,W,5\n",
        "purchase_orders.csv": "purchase_order,supplier,sku,ordered_at,ordered_units,unit_cost_amount,"
        "currency,exchange_rate\nP1,S,A,2024-01-01,5,0.5,EUR,\nP2,T,A,2024-01-04,5,0.6,USD,0.9\n",
    }
    report = shops.load(write_files(tmp_path, files), "Open")
    assert (report.counted_opening_units, report.assumed_opening_units) == (5, 2)
    assert shops.rows(
        "Open", "select variants.sku, on_hand_units, reserved_units, allow_backorder from stock_levels"
        " join variants on variants.id = variant_id order by 1"
    ) == [("A", 5, 7, True), ("B", 2, 2, False)]  # fmt: skip
    assert shops.rows(
        "Open", "select external_code, payment_status, sku, backordered_units from order_lines"
        " join orders on orders.id = order_id order by 1, 3"
    ) == [("1", "paid", "A", 0), ("2", "unpaid", "A", 2), ("2", "unpaid", "B", 0)]  # fmt: skip

    assert shops.rows(
        "Open", "select suppliers.code, unit_cost_amount::text, product_suppliers.currency"
        " from product_suppliers join suppliers on suppliers.id = supplier_id"
    ) == [("T", "0.600000", "USD")]  # fmt: skip
    assert shops.rows(
        "Open", "select note, currency, total_amount::text, total_company_amount::text from restock_orders"
        " order by 1"
    ) == [("Imported: P1", "EUR", "2.50", "2.50"), ("Imported: P2", "USD", "3.00", "2.70")]  # fmt: skip


def test_the_reference_lists_the_layout() -> None:
    page = (DOCS / "reference" / "history-layout.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        section = page.split(f"## {table.name}\n", 1)[1].split("\n## ", 1)[0]
        listed = re.findall(r"^\| `(\w+)` \| ([^|]*?) \| ([^|]*?) ?\| ([^|]*?) ?\|", section, re.MULTILINE)
        assert listed == [
            (column.name, str(column.kind), column.unit, "yes" if column.is_required else "")
            for column in table.columns
        ]
        assert table.grain in section
