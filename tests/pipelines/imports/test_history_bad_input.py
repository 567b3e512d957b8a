"""Bad files, mappings and rows: one clear sentence, or a rejected row that says why; nothing is lost."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from core.errors import StockwiseError
from pipelines.imports.shop.mapped_folder import read_mapped_folder
from tests.pipelines.imports.history_files import COMPANY, PRODUCTS, faults, sort_out, write_files

ORDERS = "order,placed_at\n"
LINES = "order,sku,quantity_units,unit_price_amount\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[company", "cannot be read: "),
        (b"\xff\xfe", "cannot be read: "),
        ('[orders.columns]\nplaced = "Datum"', "orders has no column placed (did you mean placed_at?)"),
        ('[order]\nfile = "x.csv"', "there is no setting order (did you mean orders?)"),
        ("[format]\nseparator = ';'", "there is no setting format.separator"),
        ('[format]\nencoding = "utf-9"', "format.encoding: 'utf-9' is no encoding"),
        ('[format]\ndecimal = ","\nthousands = ","', "format: decimal and thousands are the same sign"),
        ('[company]\ncurrency = "Euro"', "company.currency: The currency 'Euro' is not supported"),
        ('[company]\ntimezone = "Berlin"', "company.timezone: 'Berlin' is not a time zone"),
        ('[orders.values.status]\noffen = "open"', "orders.status cannot be 'open'"),
        ('[lines.values.sku]\nA = 1', "lines.values.sku.A: Input should be a valid string"),
        ('[orders.values.placed_at]\nA = "B"', "values of orders.placed_at can't be renamed"),
    ],
)  # fmt: skip
def test_a_broken_mapping_is_one_sentence(tmp_path: Path, content: str | bytes, says: str) -> None:
    folder = write_files(tmp_path / "in", {"mapping.toml": content, "products.csv": PRODUCTS})
    with pytest.raises(StockwiseError) as raised:
        read_mapped_folder(folder, None)
    assert says in raised.value.message
    assert "\n" not in raised.value.message


def cut_parquet(folder: Path) -> None:
    path = folder / "products.parquet"
    pl.DataFrame({"sku": ["A"] * 1000, "name": "x", "price_amount": 1.0}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "holds none of the files products, customers, orders"),
        ({"notes.txt": "hello"}, "holds none of the files products, customers, orders"),
        ({"products.csv": ""}, "products.csv is empty"),
        ({"products.parquet": ""}, "products.parquet is not a readable Parquet file"),
        ({"products.xlsx": "PK"}, "products.xlsx is not a readable xlsx file"),
        ({"products.csv": "sku,name\nA,Apple\n"}, "products.csv has no column for price_amount"),
        ({"products.csv": "sku,sku,name,price_amount\n"}, "has the column 'sku' more than once"),
        ({"products.csv": PRODUCTS + '"C,Cake\n'}, "products.csv is not a readable CSV file"),
        ({"products.csv": PRODUCTS + "C,Ca"}, "products.csv is cut off in its last line"),
        ({"products.csv": (PRODUCTS + "C,K\xe4se,1\n").encode("latin-1")}, "not utf-8: line 4 cannot be"),
        ({"products.csv": PRODUCTS.encode("utf-16-le")}, "is not utf-8: it holds zero bytes"),
        ({"products.csv": PRODUCTS, "products.parquet": ""}, "holds both products.parquet and products.csv"),
        (
            {"mapping.toml": '[orders]\nfile = "o.csv"'},
            "o.csv does not exist, but the mapping names it for orders",
        ),
        (
            {"mapping.toml": '[orders]\nfile = "o.txt"', "o.txt": "x"},
            "o.txt is no .parquet, .xlsx or .csv file",
        ),
        (
            {"mapping.toml": '[products.columns]\nname = "Titel"', "products.csv": PRODUCTS},
            "products.csv has no column 'Titel', which the mapping names for name",
        ),
        (
            {"mapping.toml": '[products.columns]\nname = "sku"', "products.csv": PRODUCTS},
            "The mapping gives the column 'sku' of products.csv to both sku and name",
        ),
        (
            {"products.csv": "sku,name,price_amount\n" + "A,B,\n" * 10},
            "products.csv is not what the mapping says: 10 of 10 rows make no sense (line 2: price_amount",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_sentence(tmp_path: Path, files: dict[str, str | bytes], says: str) -> None:
    folder = write_files(tmp_path / "in", files)
    with pytest.raises(StockwiseError) as raised:
        sort_out(folder)
    assert says in raised.value.message
    assert "\n" not in raised.value.message


def test_a_cut_parquet_file_is_one_sentence(tmp_path: Path) -> None:
    cut_parquet(tmp_path)
    with pytest.raises(StockwiseError, match=r"products\.parquet is not a readable Parquet file"):
        sort_out(tmp_path)


def test_the_command_ends_with_an_error_before_it_starts_a_server(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "in", {"products.csv": ""})
    done = subprocess.run(
        [sys.executable, "stockwise.py", "--home", str(tmp_path / "home"), "import", "history", str(folder),
         "--company", "Any"],
        capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().splitlines() == [f"Error: {folder / 'products.csv'} is empty."]
    assert not (tmp_path / "home" / "postgres").exists()


def test_values_that_cannot_be_are_rejected_with_their_line(tmp_path: Path) -> None:
    rows = [
        ",Nameless,1", "C,,1", "D,Dear,12,50", "E,Egg,\"1,50\"", "F,Fig,-1", "G,Grape,1.1234567", "A,Again,1",
        "H,Ham,1e3", "I,Ice,1", "J,Jam,2", "K,Kiwi,3", "L,Leek,3",
    ]  # fmt: skip
    assert faults(write_files(tmp_path, {"products.csv": PRODUCTS + "\n".join(rows) + "\n"})) == {
        ("products.csv", 4): "sku is empty",
        ("products.csv", 5): "name is empty",
        ("products.csv", 6): "has 4 fields instead of 3",
        ("products.csv", 7): "price_amount is no price of one unit with decimal '.' and up to 6 decimals",
        ("products.csv", 8): "price_amount is negative",
        ("products.csv", 9): "price_amount is no price of one unit with decimal '.' and up to 6 decimals",
        ("products.csv", 10): "the SKU of line 2 again",
        ("products.csv", 11): "price_amount is no price of one unit with decimal '.' and up to 6 decimals",
    }


def test_dates_of_1970_and_2099_are_taken_for_mistakes(tmp_path: Path) -> None:
    orders = [
        "1,1970-01-01",
        "2,2099-12-31",
        "3,31.12.2023",
        "4,2024-02-30",
        "5,",
        "6,2024-01-05",
        "7,2026-11-22",
    ]
    lines = "".join(f"{n},A,1,2.5\n" for n in range(1, 8))
    files = {"products.csv": PRODUCTS, "orders.csv": ORDERS + "\n".join(orders), "lines.csv": LINES + lines}
    found = faults(write_files(tmp_path, files))
    assert {line: reason for (file, line), reason in found.items() if file == "orders.csv"} == {
        2: "placed_at is before 1990-01-01",
        3: "placed_at lies in the future",
        4: "placed_at is no date and time as in ISO 8601",
        5: "placed_at is no date and time as in ISO 8601",
        6: "placed_at is empty",
    }
    assert {line for file, line in found if file == "lines.csv"} == {2, 3, 4, 5, 6}


def test_an_order_goes_in_whole_or_not_at_all(tmp_path: Path) -> None:
    orders = [
        "1,2024-01-05,EUR,,,5.00", "2,2024-01-05,USD,,,", "3,2024-01-05,,,,", "4,2024-01-05,,,,9.99",
        "5,2024-01-05,,99,,", "6,2024-01-05,,,,", "1,2024-01-06,,,,", "7,2024-01-05,,,,",
        "8,2024-01-05,,,open,",
        "9,2024-01-05,,,pending,",
        "10,2024-01-05,,,,",
    ]  # fmt: skip
    lines = [
        "1,A,2,2.50,", "2,A,1,2.50,", "4,A,1,2.50,", "5,A,1,2.50,", "6,A,1,2.50,", "6,X,1,2.50,",
        "66,A,1,2.50,",
        "7,A,0,2.50,", "7,B,1,4,2", "8,A,1,1,", "9,A,1,1,1",
        "10,A,1,1,0,surplus",
        "10,B,1,1,0",
    ]  # fmt: skip
    folder = write_files(
        tmp_path,
        {
            "products.csv": PRODUCTS,
            "orders.csv": "order,placed_at,currency,discount_amount,status,total_amount\n"
            + "\n".join(orders),
            "lines.csv": "order,sku,quantity_units,unit_price_amount,returned_units\n" + "\n".join(lines),
        },
    )
    statuses = "pending, confirmed, processing, shipped, delivered, completed, cancelled, returned"
    assert faults(folder) == {
        ("orders.csv", 3): "currency USD is not the company's EUR",
        ("orders.csv", 4): "it has no lines",
        ("orders.csv", 5): "the total is not 2.5, to which its parts add up",
        ("orders.csv", 6): "the discount is more than the goods",
        ("orders.csv", 7): "a line of it was rejected",
        ("orders.csv", 8): "the order of line 2 again",
        ("orders.csv", 9): "a line of it was rejected",
        ("orders.csv", 10): f"status is none of {statuses}",
        ("orders.csv", 11): "a line of it was rejected",
        ("lines.csv", 3): "its order was rejected",
        ("lines.csv", 4): "its order was rejected",
        ("lines.csv", 5): "its order was rejected",
        ("lines.csv", 6): "its order was rejected",
        ("lines.csv", 7): "the SKU X is unknown",
        ("lines.csv", 8): "there is no such order",
        ("lines.csv", 9): "quantity_units is zero",
        ("lines.csv", 10): "more came back than was sold",
        ("lines.csv", 11): "its order was rejected",
        ("lines.csv", 12): "came back, but its order was never shipped",
        ("lines.csv", 13): "has 6 fields instead of 5",
        ("lines.csv", 14): "its order was rejected",
        ("orders.csv", 12): "a line of it was rejected",
    }
    read, accepted = sort_out(folder)
    kept = {name: accepted.tables.rows[name].height for name in read.rows_read}
    assert kept == {"products": 2, "orders": 1, "lines": 1}
    assert sum(read.rows_read.values()) == sum(kept.values()) + accepted.tables.rejects.height


def test_customers_stock_and_purchase_orders_are_checked_too(tmp_path: Path) -> None:
    bought = [
        "P1,S,A,2024-01-01,5,1,,", "P2,S,A,2024-01-05,5,1,2024-01-01,5", "P3,S,A,2024-01-05,5,1,,3",
        "P4,S,A,2024-01-05,5,1,2024-01-06,2", "P4,T,A,2024-01-05,5,1,2024-01-07,2",
        "P5,S,A,2024-01-05,5,1,2024-01-06,2",
        "P5,S,A,2024-01-05,6,1,2024-01-07,2", "P6,S,A,2024-01-05,5,1,2024-01-06,2",
        "P6,S,A,2024-01-05,5,1,2024-01-06,2",
        "P7,S,Y,2024-01-05,5,1,,", "P7,S,A,2024-01-05,5,1,,",
    ]  # fmt: skip
    head = (
        "purchase_order,supplier,sku,ordered_at,ordered_units,unit_cost_amount,received_at,received_units\n"
    )
    folder = write_files(
        tmp_path,
        {
            "products.csv": PRODUCTS,
            "customers.csv": "customer,email\n1,a@x.example\n2,A@x.example\n1,b@x.example\n3,\n",
            "stock.csv": "sku,on_hand_units\nA,5\nA,6\nX,1\nB,-1\nB,1.5\n",
            "purchase_orders.csv": head + "\n".join(bought),
        },
    )
    rest = "another row of its order was rejected"
    assert faults(folder) == {
        ("customers.csv", 3): "the e-mail address of line 2 again",
        ("customers.csv", 4): "the customer of line 2 again",
        ("stock.csv", 3): "the SKU and location of line 2 again",
        ("stock.csv", 4): "the SKU X is unknown",
        ("stock.csv", 5): "on_hand_units is negative",
        ("stock.csv", 6): "on_hand_units is no whole number",
        ("purchase_orders.csv", 3): "received before it was ordered",
        ("purchase_orders.csv", 4): "received_units without a received_at",
        ("purchase_orders.csv", 5): rest,
        ("purchase_orders.csv", 6): "another supplier than in its order's first row",
        ("purchase_orders.csv", 7): rest,
        ("purchase_orders.csv", 8): "another ordered_units than in its line's first row",
        ("purchase_orders.csv", 9): rest,
        ("purchase_orders.csv", 10): "the receipt of line 9 again",
        ("purchase_orders.csv", 11): "the SKU Y is unknown",
        ("purchase_orders.csv", 12): rest,
    }


def test_a_workbook_of_sheets_is_a_history_and_its_text_is_not_guessed_at(tmp_path: Path) -> None:
    """A number is a number; text that may have been one is rejected, not read a thousandfold."""
    import xlsxwriter

    write_files(tmp_path, {"mapping.toml": COMPANY + '[format]\ndecimal = ","\nthousands = "."\n'})
    with xlsxwriter.Workbook(tmp_path / "history.xlsx") as book:
        sheet = book.add_worksheet("products")
        for line, row in enumerate(
            [("sku", "name", "price_amount"), (17, "Apple", 1.234), ("B", "Bread", 2)]
        ):
            sheet.write_row(line, 0, row)
        stock = book.add_worksheet("stock")
        for line, row in enumerate([("sku", "on_hand_units"), ("17", "1.234"), ("B", 3)]):
            stock.write_row(line, 0, row)
    read, accepted = sort_out(tmp_path)
    assert read.sources == {"history.xlsx [products]": 2, "history.xlsx [stock]": 2}
    products = accepted.tables.rows["products"]
    assert products.select("sku", "price_amount").rows() == [("17", 1_234_000), ("B", 2_000_000)]
    assert accepted.tables.rejects.select("file", "line_number", "reason").rows() == [
        ("history.xlsx [stock]", 2, "on_hand_units is no whole number")
    ]
