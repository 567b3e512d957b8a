"""What goods cost: discounts, tax and totals, as pure arithmetic on decimals.

Rounded half away from zero per line, to the currency's decimals. A discount is an amount of the whole basket
that is spread over its lines by largest remainder, so that the lines' shares add up to it and a cancelled
line gives back exactly its own. ``placement.sql`` computes the amounts of an order the same way; an order
is refused where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from core.money import round_amount, split_tax
from core.money import spread as spread

DiscountKind = Literal["percentage", "fixed", "free_shipping"]
ZERO = Decimal("0.00")
_KIND_ORDER: tuple[DiscountKind, ...] = ("percentage", "fixed", "free_shipping")


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount, and the lines that it is for (their places in the basket)."""

    code: str
    kind: DiscountKind
    lines: Sequence[int]
    percent: Decimal = ZERO
    amount: Decimal = ZERO
    maximum_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PricedAmounts:
    """One line's amounts: ``gross = net + tax``; the line as priced is before discount."""

    line_amount: Decimal
    discount_amount: Decimal
    net_amount: Decimal
    tax_amount: Decimal
    gross_amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """``total = subtotal + shipping − discount + tax that prices do not include``."""

    subtotal_amount: Decimal
    discount_amount: Decimal
    tax_amount: Decimal
    shipping_amount: Decimal
    total_amount: Decimal


def in_order(discounts: Iterable[Discount]) -> list[Discount]:
    """Percentages first, then fixed amounts, then free shipping; of one kind by code.

    So the order in which a buyer types codes makes no difference.
    """
    return sorted(discounts, key=lambda discount: (_KIND_ORDER.index(discount.kind), discount.code))


def discount_lines(
    line_amounts: Sequence[Decimal], discounts: Sequence[Discount], *, currency: str
) -> list[list[Decimal]]:
    """Return each discount's share of each line; every discount is of what those before it left.

    Examples
    --------
    >>> tenth = Discount("TEN", "percentage", [0, 1, 2], percent=Decimal(10))
    >>> discount_lines([Decimal("3.33")] * 3, [tenth], currency="EUR")
    [[Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]]
    """
    left = list(line_amounts)
    shares: list[list[Decimal]] = []
    for discount in discounts:
        eligible = [left[place] for place in discount.lines]
        parts = [ZERO] * len(left)
        if eligible:
            whole = discount_amount(discount, sum(eligible, ZERO), currency=currency)
            for place, part in zip(discount.lines, spread(whole, eligible, currency=currency), strict=True):
                parts[place] = part
                left[place] -= part
        shares.append(parts)
    return shares


def discount_amount(discount: Discount, eligible_amount: Decimal, *, currency: str) -> Decimal:
    """Return what a discount takes off goods of this amount: never more than they cost."""
    if discount.kind == "free_shipping":
        return ZERO
    wanted = discount.amount if discount.kind == "fixed" else eligible_amount * discount.percent / 100
    if discount.maximum_amount is not None:
        wanted = min(wanted, discount.maximum_amount)
    return round_amount(min(wanted, eligible_amount), currency)


def price_line(
    line_amount: Decimal,
    discount_amount: Decimal,
    *,
    tax_rate: Decimal,
    is_tax_included: bool,
    currency: str,
) -> PricedAmounts:
    """Split a line, less its share of discounts, into net, tax and gross."""
    split = split_tax(
        line_amount - discount_amount, tax_rate=tax_rate, is_tax_included=is_tax_included, currency=currency
    )
    return PricedAmounts(line_amount, discount_amount, split.net_amount, split.tax_amount, split.gross_amount)


def total_of(lines: Sequence[PricedAmounts], shipping_amount: Decimal) -> Totals:
    """Add up an order, or a basket of several."""
    return Totals(
        subtotal_amount=sum((line.line_amount for line in lines), ZERO),
        discount_amount=sum((line.discount_amount for line in lines), ZERO),
        tax_amount=sum((line.tax_amount for line in lines), ZERO),
        shipping_amount=shipping_amount,
        total_amount=sum((line.gross_amount for line in lines), ZERO) + shipping_amount,
    )


def part_of_line(
    amount: Decimal, *, units: int, before_units: int, quantity_units: int, currency: str
) -> Decimal:
    """Return the share of a line's amount that ``units`` have, after ``before_units`` had theirs.

    However a line is cancelled or returned, piece by piece or at once, the parts add up to its amount.

    Examples
    --------
    >>> [part_of_line(Decimal("10.00"), units=1, before_units=n, quantity_units=3, currency="EUR")
    ...  for n in range(3)]
    [Decimal('3.33'), Decimal('3.34'), Decimal('3.33')]
    """
    if not 0 <= before_units <= before_units + units <= quantity_units:
        raise ValueError("parts of a line have no more units than the line")
    until = round_amount(amount * (before_units + units) / quantity_units, currency)
    return until - round_amount(amount * before_units / quantity_units, currency)
