"""Each format read back: the same rows, exact decimals, real dates, and no text that is run."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import duckdb
import fastexcel
import pyarrow.parquet as pq
import pytest

from core.reports import excel_file, pdf_file, reference
from core.reports.csv_file import BYTE_ORDER_MARK, write_csv
from core.reports.errors import ReportTooLong
from core.reports.formats import FILE_FORMATS, file_name, to_bytes
from core.reports.table import Column, Report, make_table

COLUMNS = (
    Column("sales_date", "Day", "date"),
    Column("shop_name", "Shop"),
    Column("net_sales_amount", "Net sales", "money", "EUR", "Goods sold, before returns."),
    Column("orders_count", "Orders", "integer", "orders"),
    Column("returns_ratio", "Returns rate", "percent", "ratio"),
)
ROWS: list[dict[str, Any]] = [
    {"sales_date": date(2026, 11, 1), "shop_name": "=HYPERLINK(1)", "net_sales_amount": Decimal("1234.50"),
     "orders_count": 3, "returns_ratio": 0.125},
    {"sales_date": date(2026, 11, 2), "shop_name": "Größe, \"M\"\n2", "net_sales_amount": Decimal("-0.10"),
     "orders_count": 0, "returns_ratio": None},
]  # fmt: skip
TOTALS = {"net_sales_amount": Decimal("1234.40"), "orders_count": 3, "returns_ratio": 0.1}
REPORT = Report(
    name="sales",
    title="Sales",
    answers="How much was sold?",
    company_name="Acme",
    currency="EUR",
    timezone="Europe/Berlin",
    build_id="build-1",
    horizon_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
    made_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
    first_date=date(2026, 11, 1),
    last_date=date(2026, 11, 2),
    tables=(
        make_table("sales", "Sales by day", COLUMNS, ROWS, totals=TOTALS),
        make_table("best", "Best sellers", (Column("sku", "SKU"),), [{"sku": "+1"}], note="By units."),
    ),
)


def test_csv_is_exact_and_runs_nothing() -> None:
    text = to_bytes(REPORT, "csv").decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))

    assert rows == [
        ["sales_date", "shop_name", "net_sales_amount", "orders_count", "returns_ratio"],
        ["2026-11-01", "'=HYPERLINK(1)", "1234.50", "3", "0.125"],
        ["2026-11-02", 'Größe, "M"\n2', "-0.10", "0", ""],
    ]
    marked = io.BytesIO()
    write_csv(REPORT, marked, with_mark=True)
    assert marked.getvalue() == BYTE_ORDER_MARK + text.encode()


def test_parquet_keeps_decimals_dates_and_what_it_is_about() -> None:
    content = io.BytesIO(to_bytes(REPORT, "parquet"))
    table = pq.read_table(content)

    found = (
        duckdb.from_arrow(table).project("sales_date, net_sales_amount, orders_count, shop_name").fetchall()
    )
    assert found[0] == (date(2026, 11, 1), Decimal("1234.50"), 3, "=HYPERLINK(1)")
    assert str(table.schema.field("net_sales_amount").type) == "decimal128(38, 2)"
    assert table.schema.field("net_sales_amount").metadata[b"definition"] == b"Goods sold, before returns."
    about = json.loads(table.schema.metadata[b"stockwise"])
    assert (about["build_id"], about["currency"], about["report"]) == ("build-1", "EUR", "sales")


def test_excel_has_numbers_dates_a_filter_and_a_sheet_that_explains() -> None:
    content = to_bytes(REPORT, "xlsx")
    book = fastexcel.read_excel(content)

    assert book.sheet_names == ["Sales by day", "Best sellers", "About"]
    rows = book.load_sheet("Sales by day", n_rows=2).to_polars().rows()
    assert rows[0] == (datetime.fromisoformat("2026-11-01"), "=HYPERLINK(1)", 1234.5, 3.0, 0.125)
    totals = book.load_sheet("Sales by day").to_polars().rows()[2]
    assert totals == ("Total", None, 1234.4, 3.0, 0.1)
    about = dict(book.load_sheet("About", header_row=None).to_polars().rows())
    assert about["Data version"] == "build-1"
    assert about["Net sales"] == "Goods sold, before returns."
    assert about["Best sellers"] == "By units."
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert '<autoFilter ref="A1:E3"/>' in sheet
    assert 'state="frozen"' in sheet
    assert not ElementTree.fromstring(sheet).findall(".//{*}f")


def test_json_has_all_tables_and_decimals_as_text() -> None:
    told = json.loads(to_bytes(REPORT, "json"))

    assert [table["name"] for table in told["tables"]] == ["sales", "best"]
    assert told["tables"][0]["rows"][1]["net_sales_amount"] == "-0.10"
    assert told["tables"][0]["totals"]["net_sales_amount"] == "1234.40"
    assert told["first_date"] == "2026-11-01"


def test_pdf_says_title_period_totals_and_definitions() -> None:
    document = pdf_file.pdf_document(REPORT)
    assert document["tables"][0]["rows"][0] == ["2026-11-01", "=HYPERLINK(1)", "1,234.50", "3", "12.5 %"]
    assert document["tables"][0]["totals"] == ["Total", "", "1,234.40", "3", "10.0 %"]
    assert ["Period", "2026-11-01 to 2026-11-02, days in Europe/Berlin"] in document["about"]
    assert document["chart"] is None  # a day of minus sales has no bar
    grown = [ROWS[0], {**ROWS[1], "net_sales_amount": Decimal("617.25")}]
    charted = replace(REPORT, tables=(make_table("sales", "Sales", COLUMNS, grown),))
    chart = pdf_file.pdf_document(charted)["chart"]
    assert (chart["ratios"], chart["title"]) == ([1.0, 0.5], "Net sales (EUR)")
    for report in (REPORT, charted):
        content = to_bytes(report, "pdf")
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")


def test_a_division_keeps_six_digits_and_a_sum_two() -> None:
    column = Column("average_amount", "Average", "money", "EUR")
    table = make_table("a", "A", (column,), [{"average_amount": Decimal(100) / 3}, {"average_amount": None}])
    assert [row for (row,) in table.rows()] == [Decimal("33.333333"), None]


@pytest.mark.parametrize(
    ("amount", "written"), [("1200.00", "1200"), ("-0.00", "0"), ("333.50", "333.50"), (None, None)]
)
def test_files_write_yen_without_decimals_unless_an_average_needs_them(
    amount: str | None, written: str | None
) -> None:
    column = Column("sales_amount", "Sales", "money", "JPY")
    rows = [{"sales_amount": None if amount is None else Decimal(amount)}]
    report = replace(REPORT, tables=(make_table("sales", "Sales", (column,), rows, totals=rows[0]),))
    told = json.loads(to_bytes(report, "json"))["tables"][0]
    assert (told["rows"], told["totals"]) == ([{"sales_amount": written}], {"sales_amount": written})
    assert list(csv.reader(io.StringIO(to_bytes(report, "csv").decode())))[1:] == [[written or ""]]
    kept = pq.read_table(io.BytesIO(to_bytes(report, "parquet"))).column("sales_amount").to_pylist()
    assert list(map(str, kept)) == [str(written)]


@pytest.mark.parametrize("kind", FILE_FORMATS)
def test_no_rows_are_a_file_too(kind: Any) -> None:
    empty = replace(REPORT, tables=(make_table("sales", "Sales by day", COLUMNS, [], totals=TOTALS),))
    assert to_bytes(empty, kind)
    assert file_name(empty, kind) == f"sales-2026-11-01-to-2026-11-02.{kind}"


def test_what_a_format_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_file, "MOST_ROWS", 1)
    monkeypatch.setattr(pdf_file, "MOST_ROWS", 2)
    for kind, sentence in (("xlsx", "An Excel sheet holds 1 rows at most"), ("pdf", "A PDF holds 2 rows")):
        with pytest.raises(ReportTooLong, match=sentence):
            to_bytes(REPORT, kind)  # type: ignore[arg-type]


def test_the_page_of_figures_is_what_the_registry_says() -> None:
    assert reference.FILE.read_text(encoding="utf-8") == reference.reference(), (
        "renew it: python -m core.reports.reference"
    )
