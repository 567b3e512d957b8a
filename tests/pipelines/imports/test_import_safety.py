"""Bad files and rows, repeats, failures in the middle: nothing is lost, doubled or half there."""

import csv
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from core.errors import StockwiseError
from core.progress import Progress, SilentProgress, Step
from pipelines.imports.online_retail import ImportOptions, run_import
from pipelines.imports.parameters import load_parameters
from pipelines.imports.raw_files import ImportFileError
from tests.pipelines.imports.retail_files import HEADER, Shop, row


def test_bad_rows_go_to_the_rejects_file_with_their_reason(shop: Shop) -> None:
    good = [row(f"5363{n}") for n in range(10, 30)]
    bad = [
        row("536401", units="six"),
        row("536402", units="1.5"),
        row("536403", units="0"),
        row("536404", at="yesterday", description="=cmd()"),
        row("536405", price="-1"),
        row("536406", price="free"),
        row("", description="no invoice"),
        row("536408", code=""),
        row("536409", units="-6", price="2"),
        row("C53641", units="6"),
        ("536411", "85123A", "too few fields"),
        row("536310", customer="99999"),
    ]
    report = shop.load(shop.file(*good, *bad))
    assert (report.rows_read, report.rows_rejected, report.is_complete) == (32, 12, True)
    assert report.rejects_file == str(shop.folder / "rejects.csv")
    with (shop.folder / "rejects.csv").open(encoding="utf-8") as stream:
        rejects = list(csv.DictReader(stream))
    assert {int(reject["line_number"]): reject["reason"] for reject in rejects} == {
        22: "quantity is no number",
        23: "quantity is no whole number",
        24: "quantity is zero",
        25: "date cannot be read",
        26: "negative price outside an A-invoice",
        27: "price is no number",
        28: "no invoice number",
        29: "no stock code",
        30: "negative quantity at a price outside a C-invoice",
        31: "positive quantity on a C-invoice",
        32: "has 3 fields instead of 8",
        33: "another customer than on the invoice's first line",
    }
    assert {reject["file"] for reject in rejects} == {"part1.csv"}
    by_line = {reject["line_number"]: reject for reject in rejects}
    # No cell is a formula for whoever opens the file; a number is none.
    assert (by_line["25"]["invoice_date"], by_line["25"]["description"]) == ("yesterday", "'=cmd()")
    assert by_line["30"]["quantity"] == "-6"
    assert shop.rows("select count(*) from order_lines") == [(20,)]


def test_no_rejects_no_rejects_file(shop: Shop) -> None:
    assert shop.load(shop.file(row("536365"))).rejects_file is None
    assert not (shop.folder / "rejects.csv").exists()


def test_a_second_import_adds_nothing(shop: Shop) -> None:
    file = shop.file(
        row("536365", units=6, at="2010-12-01 08:00:00"),
        row("536365", "POST", 1, price="18"),
        row("C536400", units=-4, at="2010-12-05 08:00:00"),
        row("536366", units=9, at="2010-12-06 08:00:00"),
        row("C536401", units=-9, at="2010-12-06 09:00:00"),
        row("536402", units=-5, price="0", customer=""),
        row("A563186", "B", 1, price="-11062.06", customer=""),
        row("536403", "M", 1, price="7"),
    )
    first = shop.load(file)
    before = shop.counts()
    second = shop.load(file)
    assert shop.counts() == before
    assert (first.rows_already_imported, second.rows_already_imported) == (0, 8)
    assert second.is_complete
    assert second.written == {}


def test_a_later_file_adds_what_is_new_and_returns_find_older_sales(shop: Shop) -> None:
    first = shop.file(row("536365", units=6, at="2010-12-01 08:00:00"))
    second = shop.file(
        row("C536400", units=-6, at="2010-12-05 08:00:00"), row("536500", units=9, at="2010-12-06 08:00:00")
    )
    shop.load(first)
    report = shop.load(first, second)
    assert (report.rows_already_imported, report.returns_matched, report.is_complete) == (1, 1, True)
    assert shop.rows("select external_code, status, payment_status from orders order by 1") == [
        ("536365", "returned", "refunded"),
        ("536500", "completed", "paid"),
    ]
    assert shop.rows("select sum(returned_units) from order_lines") == [(6,)]
    assert shop.rows(
        "select on_hand_units = (select sum(delta_units) from stock_ledger) from stock_levels"
    ) == [(True,)]
    assert shop.rows("select count(*) from products") == [(1,)]


def test_an_earlier_file_that_comes_later_leaves_stock_above_zero(shop: Shop) -> None:
    shop.load(shop.file(row("536365", units=6, at="2010-12-01 08:00:00")))
    shop.load(shop.file(row("489434", units=500, at="2009-12-01 08:00:00")))
    lowest = shop.rows(
        "select min(balance) from (select sum(delta_units)"
        " over (order by occurred_at, delta_units) as balance"
        " from stock_ledger) as balances"
    )
    assert lowest[0][0] >= 0


def test_a_dry_run_counts_and_writes_nothing(shop: Shop) -> None:
    before = shop.counts()
    report = shop.load(shop.file(row("536365"), row("536366", units="x"), row("536367")), is_dry_run=True)
    assert (report.rows_read, report.rows_rejected, report.written) == (3, 1, {})
    assert report.totals[0].amount == Decimal("30.60")
    assert shop.counts() == before
    assert not (shop.folder / "rejects.csv").exists()


def truncated_parquet(folder: Path) -> Path:
    path = folder / "cut.parquet"
    pl.DataFrame([row("536365")] * 1000, schema=HEADER, orient="row").write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def truncated_csv(folder: Path) -> Path:
    path = folder / "cut.csv"
    lines = [",".join(HEADER), *(",".join(map(str, row(f"5363{n}"))) for n in range(10, 20))]
    path.write_text("\n".join(lines)[:-40], encoding="utf-8")
    return path


def not_a_workbook(folder: Path) -> Path:
    path = folder / "fake.xlsx"
    path.write_text("Invoice,StockCode", encoding="utf-8")
    return path


def other_columns(folder: Path) -> Path:
    path = folder / "other.csv"
    path.write_text("date,amount\n2010-01-01,5\n", encoding="utf-8")
    return path


def nonsense_rows(folder: Path) -> Path:
    path = folder / "nonsense.csv"
    path.write_text(",".join(HEADER) + "\na,b,c,d,e,f,g,h\n" * 3, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "none.csv", "does not exist"),
        (lambda folder: folder / "notes.txt", "no .parquet, .xlsx or .csv"),
        (truncated_parquet, "not a readable Parquet file"),
        (truncated_csv, "cut off in its last line"),
        (not_a_workbook, "not a readable xlsx file"),
        (other_columns, "has no column for invoice"),
        (nonsense_rows, "is not Online Retail II"),
    ],
    ids=["missing", "suffix", "truncated parquet", "truncated csv", "no workbook", "columns", "nonsense"],
)
def test_a_bad_file_is_one_sentence_and_nothing_is_imported(
    shop: Shop, make: Callable[[Path], Path], says: str
) -> None:
    before = shop.counts()
    with pytest.raises(ImportFileError, match=says) as raised:
        shop.load(shop.file(row("536365")), make(shop.folder))
    assert "\n" not in raised.value.message
    assert shop.counts() == before


class BreakingProgress(SilentProgress):
    """Fails when a step begins, as Ctrl-C may at any moment."""

    def __init__(self, title: str) -> None:
        self._title = title

    @contextmanager
    def step(self, title: str, *, total: float | None = None) -> Iterator[Step]:
        if title == self._title:
            raise KeyboardInterrupt
        with super().step(title, total=total) as step:
            yield step


@pytest.mark.parametrize("title", ["Writing order lines", "Writing stock ledger"])
def test_an_interrupted_import_leaves_nothing(shop: Shop, title: str) -> None:
    before = shop.counts()
    progress: Progress = BreakingProgress(title)
    options = ImportOptions(company="Test shop", rejects=shop.folder / "rejects.csv")
    with shop.database.connect("app") as connection, pytest.raises(KeyboardInterrupt):
        run_import(connection, [shop.file(row("536365"))], options, load_parameters(None), progress)
    assert shop.counts() == before


def test_what_the_database_refuses_is_one_sentence_and_leaves_nothing(shop: Shop) -> None:
    shop.load(shop.file(row("536365")))
    with shop.database.connect("owner") as owner:
        owner.execute(
            "insert into products (company_id, sku, slug, name, price_amount)"
            " select id, '71053', 'lantern', 'Made by hand', 3 from companies"
        )
    before = shop.counts()
    with pytest.raises(StockwiseError, match="nothing of it was kept"):
        shop.load(shop.file(row("536400", "71053")))
    assert shop.counts() == before


def test_openings_of_two_imports_of_one_moment_do_not_get_mixed_up(shop: Shop) -> None:
    shop.load(shop.file(row("536365", units=6)))
    shop.load(shop.file(row("536366", units=700)))
    assert shop.rows("select on_hand_units >= 0, sum(delta_units) from stock_levels, stock_ledger"
                     " where reason = 'opening' group by 1") == [(True, 706)]  # fmt: skip


def test_a_company_that_was_not_imported_is_left_alone(shop: Shop) -> None:
    with shop.database.connect("owner") as owner:
        owner.execute("insert into companies (name, slug) values ('Test shop', 'test-shop')")
    with pytest.raises(StockwiseError, match="was not imported"):
        shop.load(shop.file(row("536365")))


def test_an_unknown_owner_stops_the_import(shop: Shop) -> None:
    before = shop.counts()
    with pytest.raises(StockwiseError, match="Nobody has an account"):
        shop.load(shop.file(row("536365")), owner_email="nobody@shop.example")
    assert shop.counts() == before


def test_a_wrong_parameter_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "terms.toml"
    file.write_text("[stock]\ncover_days = -1\nspeed_days = 90\nlow_stock_days = 14\n", encoding="utf-8")
    with pytest.raises(StockwiseError, match=r"terms\.toml is wrong at stock\.cover_days"):
        load_parameters(file)


def test_older_csv_layout_and_latin_1_are_read(shop: Shop) -> None:
    path = shop.folder / "old.csv"
    path.write_bytes(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,22041,RECORD FRAME 7£ SIZE,6,12/1/2010 8:26,2.55,17850,EIRE\n".encode("latin-1")
    )
    assert shop.load(path).is_complete
    assert shop.rows("select product_name from order_lines") == [("RECORD FRAME 7£ SIZE",)]
    assert shop.rows("select placed_at at time zone 'UTC' = '2010-12-01 08:26' from orders") == [(True,)]


def write_workbook(path: Path, sheets: dict[str, list[tuple[object, ...]]]) -> None:
    """Write the smallest workbook that a reader accepts: text cells and numbers, no styles but one date."""

    def cell(value: object, column: int, line: int) -> str:
        place = f"{chr(65 + column)}{line}"
        if isinstance(value, (int, float)):
            style = ' s="1"' if column == 4 else ""
            return f'<c r="{place}"{style}><v>{value}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>' if value != "" else ""

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = list(sheets)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
            + "".join(
                f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
                for n in range(1, len(names) + 1)
            )
            + "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
            f' Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            + "".join(
                f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, start=1)
            )
            + "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">'
            + "".join(
                f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
                for n in range(1, len(names) + 1)
            )
            + f'<Relationship Id="r99" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
            '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
            '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs>'
            "</styleSheet>",
        )
        for n, rows in enumerate(sheets.values(), start=1):
            lines = "".join(
                f'<row r="{line}">'
                + "".join(cell(value, column, line) for column, value in enumerate(values))
                + "</row>"
                for line, values in enumerate(rows, start=1)
            )
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
            )


def test_the_original_workbook_is_read_sheet_by_sheet(shop: Shop) -> None:
    first_of_december = 40513.0  # days since 1899-12-30
    both = (536365, "85123A", "HEART", 6, first_of_december + 0.5, 2.55, 17850, "United Kingdom")
    other = ("C536400", 22041, "FRAME", -2, first_of_december + 4.25, 1.5, "", "France")
    path = shop.folder / "online_retail_II.xlsx"
    write_workbook(path, {"Year 2009-2010": [HEADER, both], "Year 2010-2011": [HEADER, both, other]})
    report = shop.load(path)
    assert report.sources == {
        "online_retail_II.xlsx [Year 2009-2010]": 1,
        "online_retail_II.xlsx [Year 2010-2011]": 2,
    }
    assert (report.rows_in_both_files, report.is_complete) == (1, True)
    assert shop.rows(
        "select external_code, placed_at at time zone 'UTC' = '2010-12-01 12:00' from orders"
    ) == [("536365", True)]
    assert shop.rows("select returned_at at time zone 'UTC' = '2010-12-05 06:00' from order_returns") == [
        (True,)
    ]
