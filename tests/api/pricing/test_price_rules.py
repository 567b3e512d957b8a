"""The arithmetic of prices against an oracle that counts in whole cents and exact fractions (check 18)."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.pricing.rules import (
    Discount,
    DiscountKind,
    discount_lines,
    in_order,
    part_of_line,
    price_line,
    total_of,
)

DIGITS = {"EUR": 2, "JPY": 0}


def half_away(value: Fraction) -> int:
    """Round half away from zero."""
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def oracle_spread(total: int, weights: list[int]) -> list[int]:
    """Give cents one by one to whoever lacks most of their exact share; of equal ones, to the first."""
    whole = sum(weights)
    exact = [Fraction(total * weight, whole) if whole else Fraction(0) for weight in weights]
    parts = [floor(share) for share in exact]
    while sum(parts) < total:
        lacking = [share - part for share, part in zip(exact, parts, strict=True)]
        parts[lacking.index(max(lacking))] += 1
    return parts


def oracle_total(
    amounts: list[int],
    rates: list[Decimal],
    coupons: list[tuple[DiscountKind, Decimal, int, int | None, list[int]]],
    *,
    is_included: bool,
) -> tuple[list[int], list[int], list[int]]:
    """Return discount, tax and gross of each line, in the smallest unit."""
    left = list(amounts)
    for kind, percent, fixed, cap, lines in coupons:
        goods = sum(left[place] for place in lines)
        wanted = Fraction(fixed) if kind == "fixed" else goods * Fraction(percent) / 100
        wanted = min(wanted, Fraction(goods), *([Fraction(cap)] if cap is not None else []))
        for place, part in zip(
            lines, oracle_spread(half_away(wanted), [left[place] for place in lines]), strict=True
        ):
            left[place] -= part
    discounts = [amount - rest for amount, rest in zip(amounts, left, strict=True)]
    taxes = [
        half_away(rest * Fraction(rate) / (1 + Fraction(rate) if is_included else 1))
        for rest, rate in zip(left, rates, strict=True)
    ]
    gross = [rest + (0 if is_included else tax) for rest, tax in zip(left, taxes, strict=True)]
    return discounts, taxes, gross


@st.composite
def baskets(
    draw: st.DrawFn,
) -> tuple[list[int], list[Decimal], list[tuple[DiscountKind, Decimal, int, int | None, list[int]]]]:
    """Draw a basket of whole cents, with up to three coupons, percentages first."""
    size = draw(st.integers(1, 6))
    amounts = draw(st.lists(st.integers(0, 2_000_000), min_size=size, max_size=size))
    rates = draw(st.lists(st.decimals(0, Decimal("0.99"), places=4), min_size=size, max_size=size))
    kinds: list[DiscountKind] = ["percentage", "fixed"]
    coupons = [
        (
            kind,
            draw(st.decimals(Decimal("0.01"), 100, places=2)),
            draw(st.integers(1, 500_000)),
            draw(st.none() | st.integers(1, 100_000)),
            sorted(draw(st.sets(st.integers(0, size - 1), min_size=1))),
        )
        for kind in sorted(draw(st.lists(st.sampled_from(kinds), max_size=3)), key=kinds.index)
    ]
    return amounts, rates, coupons


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
@pytest.mark.parametrize("is_included", [True, False])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(basket=baskets())
def test_every_mix_equals_the_oracle_to_the_cent(currency: str, is_included: bool, basket: object) -> None:
    assert_equals_oracle(currency, is_included, basket)


@pytest.mark.soak
@pytest.mark.parametrize("currency", ["EUR", "JPY"])
@pytest.mark.parametrize("is_included", [True, False])
@settings(max_examples=2_500, deadline=None)
@given(basket=baskets())
def test_ten_thousand_mixes_equal_the_oracle_to_the_cent(
    currency: str, is_included: bool, basket: object
) -> None:
    assert_equals_oracle(currency, is_included, basket)


def assert_equals_oracle(currency: str, is_included: bool, basket: object) -> None:
    amounts, rates, coupons = basket  # type: ignore[misc]
    unit = Decimal(1).scaleb(-DIGITS[currency])
    discounts = [
        Discount(
            code=f"C{place}",
            kind=kind,
            lines=lines,
            percent=percent if kind == "percentage" else Decimal(0),
            amount=fixed * unit if kind == "fixed" else Decimal(0),
            maximum_amount=None if cap is None else cap * unit,
        )
        for place, (kind, percent, fixed, cap, lines) in enumerate(coupons)
    ]
    shares = discount_lines([amount * unit for amount in amounts], in_order(discounts), currency=currency)
    priced = [
        price_line(
            amount * unit,
            sum((share[place] for share in shares), Decimal(0)),
            tax_rate=rates[place],
            is_tax_included=is_included,
            currency=currency,
        )
        for place, amount in enumerate(amounts)
    ]
    expected = oracle_total(amounts, rates, coupons, is_included=is_included)
    assert [
        [line.discount_amount / unit for line in priced],
        [line.tax_amount / unit for line in priced],
    ] == [
        expected[0],
        expected[1],
    ]
    totals = total_of(priced, 5 * unit)
    assert totals.total_amount == (sum(expected[2]) + 5) * unit
    assert totals.total_amount == (
        totals.subtotal_amount
        + totals.shipping_amount
        - totals.discount_amount
        + (0 if is_included else totals.tax_amount)
    )
    assert all(line.net_amount >= 0 for line in priced)


def test_a_percentage_is_capped_and_spread_by_largest_remainder() -> None:
    half = Discount("HALF", "percentage", [0, 1, 2], percent=Decimal(50), maximum_amount=Decimal("10.00"))
    [shares] = discount_lines([Decimal("10.00")] * 3, [half], currency="EUR")
    assert shares == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]


def test_a_fixed_amount_takes_no_more_than_the_goods_cost() -> None:
    twenty = Discount("TWENTY", "fixed", [0], amount=Decimal(20))
    [shares] = discount_lines([Decimal("5.00"), Decimal("50.00")], [twenty], currency="EUR")
    assert shares == [Decimal("5.00"), Decimal(0)]


def test_the_order_in_which_codes_are_typed_makes_no_difference() -> None:
    tenth = Discount("A", "percentage", [0], percent=Decimal(10))
    five = Discount("B", "fixed", [0], amount=Decimal(5))
    assert in_order([five, tenth]) == in_order([tenth, five]) == [tenth, five]


@given(
    cents=st.integers(0, 10_000_000),
    pieces=st.lists(st.integers(1, 20), min_size=1, max_size=8),
    currency=st.sampled_from(["EUR", "JPY"]),
)
def test_a_line_given_back_in_pieces_gives_back_exactly_its_amount(
    cents: int, pieces: list[int], currency: str
) -> None:
    amount = Decimal(cents).scaleb(-DIGITS[currency])
    before, parts = 0, []
    for units in pieces:
        parts.append(
            part_of_line(
                amount,
                units=units,
                before_units=before,
                quantity_units=sum(pieces),
                currency=currency,
            )
        )
        before += units
    assert sum(parts) == amount
    assert min(parts) >= 0
