"""What holds for any returns and any moves; and bulk loading agrees with the database's functions."""

from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.imports.document_numbers import document_codes, take_document_numbers
from pipelines.imports.matching import match_returns
from pipelines.imports.opening_stock import least_openings
from pipelines.imports.row_kinds import drop_rows_of_both_files
from pipelines.imports.stable_ids import stable_id, stable_ids
from tests.support.databases import FreshDatabase

START = datetime(2010, 12, 1)  # noqa: DTZ001 - the files' times are local
SALE = {
    "sale_row": pl.Int64,
    "customer_id": pl.String,
    "code": pl.String,
    "local_time": pl.Datetime("us"),
    "open_units": pl.Int64,
}
RETURN = {
    "return_row": pl.Int64,
    "customer_id": pl.String,
    "code": pl.String,
    "local_time": pl.Datetime("us"),
    "units": pl.Int64,
    "cents": pl.Int64,
}

event = st.tuples(
    st.sampled_from(["17850", "13047"]), st.sampled_from(["A", "B"]), st.integers(0, 20), st.integers(1, 9)
)


@settings(max_examples=100, deadline=None)
@given(sales=st.lists(event, max_size=12), returns=st.lists(event, max_size=12))
def test_pieces_add_up_and_no_line_gives_more_than_it_sold(
    sales: list[tuple[str, str, int, int]], returns: list[tuple[str, str, int, int]]
) -> None:
    sold = pl.DataFrame(
        [
            (n, who, what, START + timedelta(hours=hour), units)
            for n, (who, what, hour, units) in enumerate(sales)
        ],
        schema=SALE,
        orient="row",
    )
    back = pl.DataFrame(
        [
            (n, who, what, START + timedelta(hours=hour), units, units * 37 + n)
            for n, (who, what, hour, units) in enumerate(returns)
        ],
        schema=RETURN,
        orient="row",
    )
    pieces = match_returns(sold, back)
    sums = pieces.group_by("return_row").agg(pl.col("units").sum(), pl.col("cents").sum()).sort("return_row")
    assert sums.rows() == back.select("return_row", "units", "cents").sort("return_row").rows()
    taken = (
        pieces.drop_nulls("sale_row").join(sold, on="sale_row").join(back, on="return_row", suffix="_back")
    )
    assert (taken["local_time"] < taken["local_time_back"]).all()
    assert (taken["customer_id"] == taken["customer_id_back"]).all()
    assert (taken["code"] == taken["code_back"]).all()
    by_sale = taken.group_by("sale_row").agg(pl.col("units").sum(), pl.col("open_units").first())
    assert (by_sale["units"] <= by_sale["open_units"]).all()


moves = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 5), st.integers(-9, 9).filter(bool)), max_size=20
)
MOVE = {"variant_id": pl.String, "second": pl.Int64, "delta_units": pl.Int64}


@settings(max_examples=100, deadline=None)
@given(new=moves)
def test_openings_are_the_least_that_keep_stock_from_falling_below_zero(
    new: list[tuple[str, int, int]],
) -> None:
    openings = dict(
        least_openings(pl.DataFrame(new, schema=MOVE, orient="row"), pl.DataFrame(schema=MOVE)).iter_rows()
    )
    for variant in {variant for variant, _, _ in new}:
        balance = lowest = 0
        for _, _, delta in sorted(move for move in new if move[0] == variant):
            balance += delta
            lowest = min(lowest, balance)
        assert openings[variant] == -lowest


@settings(max_examples=50, deadline=None)
@given(
    first=st.lists(st.sampled_from("abc"), max_size=8), second=st.lists(st.sampled_from("abc"), max_size=8)
)
def test_a_row_is_kept_as_often_as_the_file_that_has_it_most(first: list[str], second: list[str]) -> None:
    rows = pl.DataFrame(
        [("1", n, text) for n, text in enumerate(first)] + [("2", n, text) for n, text in enumerate(second)],
        schema={"file": pl.String, "line_number": pl.Int64, "content": pl.String},
        orient="row",
    )
    kept = drop_rows_of_both_files(rows)["content"].to_list()
    assert {text: kept.count(text) for text in "abc"} == {
        text: max(first.count(text), second.count(text)) for text in "abc"
    }


def test_stable_ids_are_version_7_and_ordered_by_time() -> None:
    ids = [UUID(text) for text in stable_ids("shop", ["b", "a", "c"], [1, 2, 3])]
    assert {each.version for each in ids} == {7}
    assert ids == sorted(ids)
    assert stable_id("shop", "a", 2) == ids[1].hex
    assert stable_id("shop", "a", 2) != stable_id("other shop", "a", 2)


@pytest.mark.parametrize("first", [0, (1 << 25) - 3, (1 << 30) - 3])
def test_document_numbers_are_those_of_the_database(fresh_database: FreshDatabase, first: int) -> None:
    with fresh_database.connect("owner") as owner:
        made = [
            str(number)
            for (number,) in owner.execute(
                "select document_number('ORD', serial, '2010-12-01 12:00+00', 'Europe/London')"
                " from generate_series(%s::bigint, %s::bigint) as serial",
                (first, first + 6),
            ).fetchall()
        ]
    codes = document_codes(np.arange(first, first + 7, dtype=np.uint64))
    assert [f"ORD-20101201-{code}" for code in codes] == made


def test_numbers_are_taken_from_the_sequence(fresh_database: FreshDatabase) -> None:
    with fresh_database.connect("app") as connection:
        numbers = take_document_numbers(connection, "RO", [date(2010, 12, 1)] * 3)
        following = connection.execute("select nextval('restock_number_seq')").fetchall()
    assert numbers == ["RO-20101201-00C1S", "RO-20101201-NMZKE", numbers[2]]
    assert following == [(3,)]
