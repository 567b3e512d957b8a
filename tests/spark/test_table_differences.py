"""What the comparison of engines sees: a cent, a float beyond 1e-9, a row, a type, an order of columns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import load_settings
from core.warehouse import WarehouseConnection, open_scratch
from tests.spark.table_differences import compare

COLUMNS = "'a'::varchar as id, 1.10::decimal(14, 2) as amount, 0.5::double as share_ratio, null::date as day"


def names_in(rows: str) -> str:
    """The names of the columns that are written, quoted."""
    return ", ".join(f"'{part.rsplit(' as ', 1)[1]}'" for part in rows.split(", ") if " as " in part)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[WarehouseConnection]:
    with open_scratch(load_settings({"home": tmp_path, "models_threads": 1})) as connection:
        connection.execute("create schema marts")
        connection.execute(
            f"create table marts.fct as select {COLUMNS} union all select 'b', 2.20, null, null"
        )
        yield connection


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("'b' as id, 2.20::decimal(14, 2) as amount, null::double as share_ratio, null::date as day", ""),
        (
            "'b' as id, 2.21::decimal(14, 2) as amount, null::double as share_ratio, null::date as day",
            "1 rows",
        ),
        (
            "'b' as id, 2.20::decimal(14, 2) as amount, 0.5::double as share_ratio, null::date as day",
            "1 rows",
        ),
        (
            "'b' as id, null::decimal(14, 2) as amount, null::double as share_ratio, null::date as day",
            "1 rows",
        ),
        (
            "'b' as id, 2.20::decimal(14, 3) as amount, null::double as share_ratio, null::date as day",
            "columns",
        ),
        (
            "'b' as id, null::double as share_ratio, 2.20::decimal(14, 2) as amount, null::date as day",
            "another",
        ),
        ("'b' as id, 2.20::decimal(14, 2) as amount, null::double as share_ratio", "columns"),
    ],
)
def test_one_other_value_type_or_column_is_found(
    scratch: WarehouseConnection, tmp_path: Path, rows: str, reason: str
) -> None:
    file = tmp_path / "part-0.parquet"
    scratch.execute(
        f"copy (select {rows} union all by name select columns(lambda name: name in ({names_in(rows)}))"
        f" from (select {COLUMNS})) to '{file}' (format parquet)"
    )

    found = compare(scratch, "marts", "fct", [str(file)])

    assert found.is_equal is (reason == "")
    assert reason in found.reason
    assert (found.rows, found.spark_rows) == (2, 2)


@pytest.mark.parametrize(("share", "is_equal"), [("0.5 + 4e-10", True), ("0.5 + 2e-9", False)])
def test_floats_may_differ_by_the_last_bits_only(
    scratch: WarehouseConnection, tmp_path: Path, share: str, is_equal: bool
) -> None:
    file = tmp_path / "part-0.parquet"
    scratch.execute(
        f"copy (select 'a' as id, 1.10::decimal(14, 2) as amount, ({share})::double as share_ratio,"
        f" null::date as day union all select 'b', 2.20, null, null) to '{file}' (format parquet)"
    )

    assert compare(scratch, "marts", "fct", [str(file)]).is_equal is is_equal


def test_a_row_more_and_a_table_less_are_found(scratch: WarehouseConnection, tmp_path: Path) -> None:
    file = tmp_path / "part-0.parquet"
    scratch.execute(f"copy (select * from marts.fct union all select {COLUMNS}) to '{file}' (format parquet)")

    assert compare(scratch, "marts", "fct", [str(file)]).different_rows >= 1
    assert compare(scratch, "marts", "fct", []).reason == "not on Spark"
    assert compare(scratch, "marts", "gone", [str(file)]).reason == "not on DuckDB"
