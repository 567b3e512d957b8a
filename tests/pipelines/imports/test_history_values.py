"""Decimals, dates and balances for any input: exact or not at all."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pipelines.imports.shop.known_shop import ShopCompany
from pipelines.imports.shop.mapping import FormatPart
from pipelines.imports.shop.order_money import price_lines, total_orders
from pipelines.imports.shop.order_rows import money, unit_money
from pipelines.imports.shop.stock_balance import PLACE, balance_stock, judge_counts
from pipelines.imports.shop.values import flags, instants, scaled, text

GERMAN = FormatPart(decimal=",", thousands=".", dates=("%d.%m.%Y %H:%M", "%d.%m.%Y"))
BERLIN = ZoneInfo("Europe/Berlin")


def one(written: str, form: FormatPart, digits: int) -> int | None:
    return scaled(pl.Series("x", [written]), form, digits).to_list()[0]  # type: ignore[no-any-return]


@settings(max_examples=80, deadline=None)
@given(
    number=st.integers(-(10**14), 10**14),
    digits=st.sampled_from([0, 2, 6]),
    form=st.sampled_from(
        [GERMAN, FormatPart(), FormatPart(thousands=","), FormatPart(decimal=",", thousands="'")]
    ),
    is_grouped=st.booleans(),
)
def test_a_decimal_is_read_as_it_was_written(
    number: int, digits: int, form: FormatPart, is_grouped: bool
) -> None:
    assume(abs(number) < 10 ** (12 + digits))
    value = Decimal(number).scaleb(-digits)
    whole, _, fraction = f"{abs(value):.{digits}f}".partition(".")
    if is_grouped:
        whole = f"{int(whole):,}".replace(",", form.thousands)
    written = ("-" if number < 0 else "") + whole + (form.decimal + fraction if fraction else "")
    assert one(f"  {written} ", form, digits) == number


@settings(max_examples=80, deadline=None)
@given(written=st.text("0123456789.,-+' eE", min_size=1, max_size=12), digits=st.sampled_from([2, 6]))
def test_what_is_read_is_what_stands_there(written: str, digits: int) -> None:
    """Whatever is accepted as German is that number, by Python's own reading."""
    read = one(written, GERMAN, digits)
    if read is not None:
        plain = written.strip().replace(".", "").replace(",", ".")
        assert Decimal(plain) == Decimal(read).scaleb(-digits)


@pytest.mark.parametrize(
    "written",
    ["1,234.50", "1.23", "12.34,5", "1.2345", "1,2345678", "€ 5", "1e3", "NaN", "--1", "٣", "", "1 000"],
)
def test_other_signs_are_no_german_number(written: str) -> None:
    assert one(written, GERMAN, 6) is None


@settings(max_examples=80, deadline=None)
@given(cents=st.integers(-(10**13), 10**13))
def test_binary_fractions_of_cents_are_those_cents(cents: int) -> None:
    column = pl.Series("x", [cents / 100])
    assert scaled(column, GERMAN, 2).to_list() == [cents]
    assert scaled(column, GERMAN, 6).to_list() == (
        [cents * 10_000] if abs(cents) < 10**11 else [pytest.approx(cents * 10_000, rel=1e-12)]
    )


def test_amounts_between_cents_are_not_rounded_away() -> None:
    assert scaled(pl.Series([2.345, 25.509999999999, float("nan"), 1e13]), GERMAN, 2).to_list() == [
        None,
        2551,
        None,
        None,
    ]


@settings(max_examples=80, deadline=None)
@given(moment=st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001 - local times
def test_a_local_time_is_that_instant(moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0)
    expected = moment.replace(tzinfo=BERLIN).astimezone(UTC)
    is_real = expected.astimezone(BERLIN).replace(tzinfo=None) == moment
    for written, form in (
        (moment.strftime("%d.%m.%Y %H:%M"), GERMAN),
        (moment.isoformat(" "), FormatPart()),
        (moment.isoformat(), FormatPart()),
        (expected.isoformat(), GERMAN),
        (expected.strftime("%Y-%m-%dT%H:%M:%SZ"), FormatPart()),
    ):
        (read,) = instants(pl.Series([written]), form, "Europe/Berlin").to_list()
        assert read == expected or (not is_real and abs(read - expected) <= timedelta(hours=1))


@pytest.mark.parametrize(
    "written", ["31.02.2024", "2024-13-01", "1/2/2024", "yesterday", "45000", "01.01.24 25:00"]
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert instants(pl.Series([written]), GERMAN, "UTC").to_list() == [None]


def test_typed_columns_are_taken_as_they_are() -> None:
    days = instants(pl.Series([date(2024, 7, 1)]), GERMAN, "Europe/Berlin").to_list()
    assert days == [datetime(2024, 6, 30, 22, tzinfo=UTC)]
    assert text(pl.Series([17850.0, None, float("nan")])).to_list() == ["17850", None, None]
    assert flags(pl.Series(["Yes", " 0", "ja"]), FormatPart()).to_list() == [True, False, None]
    assert instants(pl.Series([45000]), GERMAN, "UTC").to_list() == [None]


def company(*, is_included: bool, currency: str = "EUR") -> ShopCompany:
    return ShopCompany("c" * 32, "Any", "any", currency, "UTC", is_included, 0, is_new=True)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.tuples(st.integers(1, 50), st.integers(0, 10**9), st.integers(0, 10**7)), min_size=1, max_size=8
    ),
    share=st.floats(0, 1),
    is_included=st.booleans(),
    currency=st.sampled_from(["EUR", "JPY"]),
)
def test_an_orders_discount_and_taxes_add_up_to_the_last_cent(
    lines: list[tuple[int, int, int]], share: float, is_included: bool, currency: str
) -> None:
    shop = company(is_included=is_included, currency=currency)
    unit = 10 ** (6 - shop.amount_digits)
    goods = sum((2 * units * price + unit) // (2 * unit) for units, price, _ in lines)
    orders = pl.DataFrame({"order": ["1"], "discount_amount": [int(goods * share)], "shipping_amount": [7]})
    frame = pl.DataFrame(
        [("1", units, price, 0, rate) for units, price, rate in lines],
        schema=["order", "quantity_units", "unit_price_amount", "discount_amount", "tax_rate"], orient="row",
    )  # fmt: skip
    priced = price_lines(frame, orders, shop)
    total = total_orders(orders, priced, shop).row(0, named=True)
    assert total["goods_amount"] == goods
    assert total["all_discounts"] == int(goods * share)
    assert (priced["net_amount"] + priced["tax_amount"] == priced["gross_amount"]).all()
    assert priced["gross_amount"].sum() + 7 == total["sum_amount"]
    assert (priced["net_amount"] >= 0).all()


def test_money_is_written_to_the_last_digit() -> None:
    column = pl.DataFrame({"a": [123_456_789_012_345_678, -5, 0, None]})
    assert column.select(unit_money("a")).to_series().to_list() == [
        "123456789012.345678",
        "-0.000005",
        "0.000000",
        None,
    ]
    yen = company(is_included=True, currency="JPY")
    assert column.select(money("a", yen)).to_series().to_list()[1:] == ["-5", "0", None]


moves = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 9), st.integers(-9, 9).filter(bool)), max_size=15
)
MOVE = {PLACE: pl.String, "second": pl.Int64, "delta_units": pl.Int64}


def place(letter: str) -> str:
    return "0" * 32 + letter * 32


@settings(max_examples=40, deadline=None)
@example(old=[], new=[("a", 1, 1)], counted={"a": (0, 1)})  # what was missing left before what came
@given(
    old=moves,
    new=moves,
    counted=st.dictionaries(st.sampled_from("ab"), st.tuples(st.integers(0, 20), st.integers(1, 12))),
)
def test_stock_ends_as_counted_and_was_never_below_zero(
    old: list[tuple[str, int, int]], new: list[tuple[str, int, int]], counted: dict[str, tuple[int, int]]
) -> None:
    for letter in "ab":  # what is there already was never below zero
        total = lowest = 0
        for _, _, delta in sorted(move for move in old if move[0] == letter):
            total += delta
            lowest = min(lowest, total)
        if lowest:
            old = [*old, (letter, 0, -lowest)]
    known = pl.DataFrame([(place(a), b, c) for a, b, c in old], schema=MOVE, orient="row")
    fresh = pl.DataFrame([(place(a), b, c) for a, b, c in new], schema=MOVE, orient="row")
    counts = pl.DataFrame(
        [("f", n, place(a), units, at) for n, (a, (units, at)) in enumerate(counted.items())],
        schema={"file": pl.String, "line_number_in_file": pl.Int64, PLACE: pl.String,
                "on_hand_units": pl.Int64, "second": pl.Int64},
        orient="row",
    )  # fmt: skip
    judged = judge_counts(counts, fresh, known)
    held = counts.filter(~judged["is_known"] & judged["reason"].is_null())
    promised = pl.DataFrame(schema={PLACE: pl.String, "promised_units": pl.Int64})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = balance_stock(held, fresh, promised, known, company(is_included=True), now=now).rows
    written = made.select(
        (pl.col("location_id") + pl.col("variant_id")).alias(PLACE),
        pl.col("occurred_at").dt.epoch("s").alias("second"), pl.col("delta_units").cast(pl.Int64),
    )  # fmt: skip
    ledger = pl.concat([known, fresh, written]).sort("second", "delta_units")
    for letter in "ab":
        rows = ledger.filter(pl.col(PLACE) == place(letter))
        balances = rows["delta_units"].cum_sum()
        assert balances.is_empty() or balances.min() >= 0  # type: ignore[operator]
        count = held.filter(pl.col(PLACE) == place(letter))
        if count.height:
            moved = pl.concat([known, fresh]).filter(
                (pl.col(PLACE) == place(letter)) & (pl.col("second") <= count["second"][0])
            )
            made_up = written.filter(pl.col(PLACE) == place(letter))["delta_units"].sum()
            assert moved["delta_units"].sum() + made_up == count["on_hand_units"][0]
