"""Money: exact, in cents that add up (check 18)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import (
    LARGEST_AMOUNT,
    MoneyError,
    UnsupportedCurrencyError,
    currency_digits,
    format_amount,
    format_unit_amount,
    line_amount,
    parse_amount,
    parse_unit_amount,
    round_amount,
    split_tax,
    spread,
)

CURRENCIES = st.sampled_from(["EUR", "USD", "GBP", "JPY", "KRW", "CLP"])
RATES = st.decimals(0, 1, places=6)
UNIT_AMOUNTS = st.decimals(0, 100_000, places=6)
WEIGHTS = st.lists(st.decimals(0, 10_000, places=6), min_size=1, max_size=30)


def smallest_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-currency_digits(currency))


@pytest.mark.parametrize(
    ("value", "currency", "rounded"),
    [
        ("2.345", "EUR", "2.35"),
        ("2.344999", "EUR", "2.34"),
        ("-2.345", "EUR", "-2.35"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1.5", "JPY", "2"),
        ("2.5", "JPY", "3"),
        ("-0.004", "EUR", "0.00"),
        ("999999999999.994", "EUR", "999999999999.99"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: str, currency: str, rounded: str) -> None:
    assert str(round_amount(Decimal(value), currency)) == rounded


@pytest.mark.parametrize("value", ["999999999999.995", "-999999999999.995", "1E+30", "NaN", "Infinity"])
def test_amounts_that_cannot_be_kept_are_refused(value: str) -> None:
    with pytest.raises(MoneyError):
        round_amount(Decimal(value), "EUR")


@pytest.mark.parametrize("currency", ["BHD", "KWD", "TND", "CLF", "XAU", "XXX", "eur", "", "EURO"])
def test_other_currencies_are_refused_by_name(currency: str) -> None:
    with pytest.raises(UnsupportedCurrencyError, match=repr(currency)):
        currency_digits(currency)


@pytest.mark.parametrize(
    ("amount", "rate", "is_included", "currency", "net", "tax", "gross"),
    [
        ("100.00", "0.19", False, "EUR", "100.00", "19.00", "119.00"),
        ("119.00", "0.19", True, "EUR", "100.00", "19.00", "119.00"),
        ("0.99", "0.19", True, "EUR", "0.83", "0.16", "0.99"),
        ("0.03", "0.19", False, "EUR", "0.03", "0.01", "0.04"),
        ("108", "0.08", True, "JPY", "100", "8", "108"),
        ("105", "0.1", False, "JPY", "105", "11", "116"),
        ("-11.90", "0.19", True, "EUR", "-10.00", "-1.90", "-11.90"),
        ("10.00", "0", True, "EUR", "10.00", "0.00", "10.00"),
    ],
)
def test_tax_is_split_as_by_hand(
    amount: str, rate: str, is_included: bool, currency: str, net: str, tax: str, gross: str
) -> None:
    split = split_tax(Decimal(amount), tax_rate=Decimal(rate), is_tax_included=is_included, currency=currency)
    assert [str(split.net_amount), str(split.tax_amount), str(split.gross_amount)] == [net, tax, gross]


@pytest.mark.parametrize("rate", ["-0.01", "NaN", "Infinity"])
def test_a_tax_rate_is_a_share(rate: str) -> None:
    with pytest.raises(MoneyError):
        split_tax(Decimal(1), tax_rate=Decimal(rate), is_tax_included=False, currency="EUR")


@given(
    lines=st.lists(st.tuples(UNIT_AMOUNTS, st.integers(1, 100), RATES), min_size=1, max_size=10),
    is_included=st.booleans(),
    currency=CURRENCIES,
    discount_ratio=RATES,
)
@settings(max_examples=1_000)
def test_an_orders_parts_add_up_to_its_total(
    lines: list[tuple[Decimal, int, Decimal]], is_included: bool, currency: str, discount_ratio: Decimal
) -> None:
    priced = [line_amount(unit, quantity, currency) for unit, quantity, _ in lines]
    subtotal = sum(priced, Decimal(0))
    discount = round_amount(subtotal * discount_ratio, currency)
    discounts = spread(discount, priced, currency=currency)
    splits = [
        split_tax(amount - part, tax_rate=rate, is_tax_included=is_included, currency=currency)
        for amount, part, (_, _, rate) in zip(priced, discounts, lines, strict=True)
    ]
    tax = sum((split.tax_amount for split in splits), Decimal(0))
    total = subtotal - discount + (0 if is_included else tax)
    assert total == sum((split.gross_amount for split in splits), Decimal(0))
    for split in splits:
        assert split.net_amount + split.tax_amount == split.gross_amount
        assert round_amount(split.net_amount, currency) == split.net_amount
        assert split.net_amount >= 0 <= split.tax_amount


@given(cents=st.integers(-(10**13), 10**13), weights=WEIGHTS, currency=CURRENCIES)
@settings(max_examples=1_000)
def test_parts_add_up_and_are_less_than_a_cent_from_their_share(
    cents: int, weights: list[Decimal], currency: str
) -> None:
    unit = smallest_unit(currency)
    total = cents * unit if abs(cents * unit) <= LARGEST_AMOUNT else unit
    parts = spread(total, weights, currency=currency)
    assert len(parts) == len(weights)
    assert sum(parts) == total
    weight_sum = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert part == round_amount(part, currency)
        if weight_sum:
            assert abs(part * weight_sum - total * weight) < unit * weight_sum


def test_a_total_goes_to_the_largest_remainders_first() -> None:
    assert spread(Decimal("0.05"), [Decimal(1), Decimal(1), Decimal(1)], currency="EUR") == [
        Decimal("0.02"), Decimal("0.02"), Decimal("0.01"),
    ]  # fmt: skip
    assert spread(Decimal("100"), [Decimal("14.4"), Decimal("85.6")], currency="JPY") == [14, 86]
    assert spread(Decimal("-0.01"), [Decimal(0), Decimal(3)], currency="EUR") == [0, Decimal("-0.01")]
    assert spread(Decimal("0.03"), [Decimal(0), Decimal(0)], currency="EUR") == [
        Decimal("0.02"), Decimal("0.01"),
    ]  # fmt: skip


@pytest.mark.parametrize(("total", "weights"), [("0.001", ["1"]), ("1.00", []), ("1.00", ["-1", "2"])])
def test_what_cannot_be_spread_is_refused(total: str, weights: list[str]) -> None:
    with pytest.raises(MoneyError):
        spread(Decimal(total), [Decimal(weight) for weight in weights], currency="EUR")


@pytest.mark.parametrize("text", ["12.50", "0", "-3.1", "999999999999.99"])
def test_decimal_strings_are_read_and_written(text: str) -> None:
    assert Decimal(format_amount(parse_amount(text, "EUR"), "EUR")) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1e3", "NaN", "1,5", "+1", "1.", ".5", "0x1", "1_000", "١", "9999999999999", "1.0000001"],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_amount(text, "EUR")
    with pytest.raises(MoneyError):
        parse_unit_amount(text)


def test_an_amount_has_no_more_decimals_than_its_currency() -> None:
    assert parse_amount("1.230", "EUR") == Decimal("1.23")
    with pytest.raises(MoneyError, match="more decimals than EUR"):
        parse_amount("1.234", "EUR")
    with pytest.raises(MoneyError, match="more decimals than JPY"):
        parse_amount("1.5", "JPY")


@pytest.mark.parametrize(
    ("value", "written"), [("2.5", "2.50"), ("0.123456", "0.123456"), ("3", "3.00"), ("-0.0000001", "0.00")]
)
def test_unit_amounts_keep_their_six_decimals(value: str, written: str) -> None:
    assert format_unit_amount(Decimal(value)) == written
    assert parse_unit_amount(written) == Decimal(written)
