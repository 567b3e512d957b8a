"""``stockwise report``: the published numbers, on standard output or in a file, and what it refuses."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.errors import StockwiseError, UsageError
from core.ids import new_id
from core.published import close_snapshots
from core.reports import showing
from core.settings import load_settings
from stockwise import app
from tests.support.companies import Company
from tests.support.published import publish, small_plan

WEEK = ("--from", "2026-11-14", "--to", "2026-11-20")


def company(slug: str) -> Company:
    ids = {name: new_id() for name in Company.__dataclass_fields__ if name not in ("slug", "sku")}
    return Company(slug=slug, sku="SKU-1", **ids)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with one published company: one unit sold on the first day, two on the second, and so on."""
    acme = company("acme")
    publish(load_settings({"home": tmp_path}), {acme: small_plan(acme)})
    yield tmp_path
    close_snapshots()


def report(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home), "report", *arguments], env={"COLUMNS": "240"})


def test_sales_of_a_week_are_the_sums_by_hand(home: Path) -> None:
    done = report(home, "sales", *WEEK, "--json", "--compare", "previous")
    told = json.loads(done.stdout)
    main, best, worst = told["tables"]

    # 14 + … + 20 = 119 units for 10.00 each; 7 + … + 13 = 70 in the week before.
    assert main["totals"]["net_sales_amount"] == "1190.00"
    assert main["totals"]["net_sales_amount_before"] == "700.00"
    assert main["totals"]["net_sales_amount_change_ratio"] == pytest.approx(0.7)
    assert [row["net_sales_amount"] for row in main["rows"]][:2] == ["140.00", "150.00"]
    assert [row["net_sales_amount_before"] for row in main["rows"]][:2] == ["70.00", "80.00"]
    assert [(row["product_name"], row["units"]) for row in best["rows"]] == [("Thing", 119)]
    assert worst["name"] == "worst-sellers"


def test_data_goes_to_standard_output_and_words_do_not(home: Path) -> None:
    done = report(home, "sales", *WEEK, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))

    assert [row["day"] for row in rows] == [f"2026-11-{day}" for day in range(14, 21)]
    assert rows[0]["net_sales_amount"] == "140.00"
    assert "for the others: stockwise report best-sellers, stockwise report worst-sellers" in done.stderr


def test_a_table_says_what_it_is_about(home: Path) -> None:
    done = report(home, "sales-by-shop", *WEEK, "--shop", "MAIN SHOP")

    assert "1,190.00" in done.stdout
    assert "Total" in done.stdout
    assert "2026-11-14 to 2026-11-20, days in UTC; EUR; data as of" in done.stderr
    assert "Shops: Main shop" in done.stderr


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "pdf", "json"])
def test_a_file_is_written_as_its_name_ends(home: Path, kind: str) -> None:
    target = home / f"sales.{kind}"
    target.write_text("before")
    done = report(home, "sales", "--output", str(target))

    assert (done.exit_code, done.stdout) == (0, "")
    assert target.read_bytes()[:4] != b"befo"
    assert [file.name for file in home.iterdir() if file.is_file()] == [target.name]


def test_a_failure_leaves_the_file_that_was_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    target = home / "sales.csv"
    target.write_text("before")
    monkeypatch.setattr(showing, "write_csv", fail)
    done = report(home, "sales", "--output", str(target))

    assert isinstance(done.exception, StockwiseError)
    assert done.exception.message == f"{target} can't be written: No space left on device."
    assert [file.name for file in home.iterdir() if file.is_file()] == ["sales.csv"]
    assert target.read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "There is no report named 'nothing'."),
        (["sales", "--from", "2026-11-20", "--to", "2026-11-14"], "The period ends before it begins."),
        (["sales", "--from", "1969-12-31"], "A period begins on 1970-01-01 at the earliest."),
        (["sales", "--from", "1990-01-01", "--to", "2020-01-01"], "A period may have 3660 days at most."),
        (["sales", "--shop", "nowhere"], "There is no shop 'nowhere'."),
        (["sales", "--category", "nothing"], "There is no category 'nothing'."),
        (["sales", "--company", "bolt"], "There is no company 'bolt' in the published numbers."),
        (["sales", "--measures", "bogus"], "There is no figure named 'bogus'."),
        (
            ["custom", "--measures", "orders_count", "--dimensions", "product"],
            "'orders_count' is not known by",
        ),
        (["sales-by-shop", "--by", "month"], "The report sales-by-shop knows no by."),
        (["cohorts", "--from", "2026-11-01"], "The report cohorts knows no period."),
        (["rfm", "--category", "Kitchen"], "Customers' reports are not known by 'category'."),
        (["sales", "--output", "sales"], "sales does not say which kind of file it is."),
    ],
)
def test_what_cannot_be_answered_is_one_sentence_and_exit_code_2(
    home: Path, arguments: list[str], sentence: str
) -> None:
    done = report(home, *arguments)

    assert isinstance(done.exception, UsageError), done.output
    assert sentence in done.exception.message
    assert (done.exception.exit_code, done.stdout) == (2, "")


def test_with_several_companies_it_asks_for_one(tmp_path: Path) -> None:
    acme, bolt = company("acme"), company("bolt")
    publish(load_settings({"home": tmp_path}), {acme: small_plan(acme), bolt: small_plan(bolt)})
    done = report(tmp_path, "sales")

    assert isinstance(done.exception, UsageError)
    assert done.exception.hint == "Take one of: acme, bolt."
    assert report(tmp_path, "sales", "--company", "bolt").exit_code == 0
    close_snapshots()


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    done = report(tmp_path, "sales")

    assert isinstance(done.exception, StockwiseError)
    assert done.exception.exit_code == 1
    assert done.exception.hint == "Run 'stockwise run' to build the numbers."


def test_every_report_answers(home: Path) -> None:
    names = [one["report"] for one in json.loads(report(home, "list", "--json").stdout)]
    assert {"sales", "sales-by-category", "margin", "returns", "discounts", "custom"} <= set(names)
    for name in names:
        extra = ["--measures", "units", "--dimensions", "month,shop"] if name == "custom" else []
        done = report(home, name, *extra, "--json")
        assert done.exit_code == 0, (name, done.exception)
        assert json.loads(done.stdout)["build_id"] == "build-1"


def test_days_that_the_data_does_not_reach_are_said_to_be_so(home: Path) -> None:
    late = report(home, "sales", "--from", "2099-01-01", "--to", "2099-01-02")
    early = report(home, "sales", "--from", "1970-01-01", "--to", "1970-01-02")
    within = report(home, "sales", *WEEK)

    assert (late.exit_code, early.exit_code) == (0, 0)
    assert "These days lie after the data, which ends on 2026-11-20." in late.stderr
    assert "These days lie before the first sale, which was on 2026-11-01." in early.stderr
    assert "These days lie" not in within.stderr


def test_the_stock_report_ends_with_what_all_of_it_is_worth(home: Path) -> None:
    (table,) = json.loads(report(home, "valuation", "--json").stdout)["tables"]

    # 8 units are left, which cost 6.00 each.
    worth = dict.fromkeys(("fifo_amount", "average_amount", "stock_value_amount"), "48.00")
    assert table["totals"] == {"stock_units": 8, **worth}


def test_figures_are_listed_with_their_definitions(home: Path) -> None:
    listed = {one["figure"]: one for one in json.loads(report(home, "metrics", "--json").stdout)}
    assert "before returns" in listed["net_sales_amount"]["definition"]
