"""Decisions on carts that need no database: limits, what is wrong with a line, what a merge keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

LineKey = tuple[UUID, UUID]
"""Variant and shop: a cart has one line of each."""

ProblemCode = Literal["not_sold", "archived", "out_of_stock", "price_changed"]
SavedReason = Literal["not_sold", "out_of_stock", "line_limit", "cart_full"]


@dataclass(frozen=True, slots=True)
class CartPolicy:
    """Limits of every cart, from the settings."""

    most_lines: int
    most_line_units: int
    most_coupons: int
    most_saved: int
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class CartDestination:
    """Where a cart would go, as far as the buyer told: enough for estimates of tax and shipping."""

    country: str | None
    state: str | None = None
    city: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a shop says about a variant now."""

    is_sold: bool
    is_archived: bool
    unit_price_amount: Decimal
    available_units: int
    allow_backorder: bool

    def can_give(self, units: int) -> bool:
        """Whether so many could be had."""
        return self.allow_backorder or units <= self.available_units


@dataclass(frozen=True, slots=True)
class Line:
    """Units of a variant from a shop, at the price that the buyer accepted."""

    key: LineKey
    quantity_units: int
    unit_price_amount: Decimal


@dataclass(frozen=True, slots=True)
class SavedLine:
    """Units that did not fit into the cart, and why."""

    line: Line
    reason: SavedReason


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge writes: lines with their new quantities, and what is saved for later instead."""

    lines: tuple[Line, ...]
    saved: tuple[SavedLine, ...]


def problems_of(
    terms: Terms, *, quantity_units: int, accepted_unit_price_amount: Decimal
) -> tuple[ProblemCode, ...]:
    """Tell why a line can't be bought as it stands; a line that is not sold has no other problem.

    Examples
    --------
    >>> terms = Terms(True, False, Decimal(9), available_units=2, allow_backorder=False)
    >>> problems_of(terms, quantity_units=3, accepted_unit_price_amount=Decimal(10))
    ('out_of_stock', 'price_changed')
    """
    if terms.is_archived:
        return ("archived",)
    if not terms.is_sold:
        return ("not_sold",)
    problems: list[ProblemCode] = []
    if not terms.can_give(quantity_units):
        problems.append("out_of_stock")
    if terms.unit_price_amount != accepted_unit_price_amount:
        problems.append("price_changed")
    return tuple(problems)


def summed(lines: Iterable[tuple[LineKey, int]]) -> dict[LineKey, int]:
    """Add up what is wanted of each variant and shop, in the order in which they come first."""
    wanted: dict[LineKey, int] = {}
    for key, units in lines:
        wanted[key] = wanted.get(key, 0) + units
    return wanted


def merge_lines(
    own: Sequence[Line], others: Sequence[Line], terms: dict[LineKey, Terms], policy: CartPolicy
) -> Merge:
    """Add a guest's lines to a customer's: no unit is lost, and no line comes twice.

    A line holds at most what is available and what the limits allow, but never less than the customer had;
    the rest is saved for later, and so are goods that are not sold any more and lines for which there is no
    room. Stock that several shops draw on is judged for each line alone; checkout judges them together.
    """
    owned = {line.key: line for line in own}
    free_lines = policy.most_lines - len(owned)
    merged: list[Line] = []
    saved: list[SavedLine] = []
    for line in others:
        held = owned[line.key].quantity_units if line.key in owned else 0
        fitting, reason = _fitting_units(line, held, terms[line.key], policy)
        if fitting and not held:
            if free_lines <= 0:
                fitting, reason = 0, "cart_full"
            else:
                free_lines -= 1
        if fitting:
            price = owned[line.key].unit_price_amount if held else line.unit_price_amount
            merged.append(Line(line.key, held + fitting, price))
        if fitting < line.quantity_units:
            left = Line(line.key, line.quantity_units - fitting, line.unit_price_amount)
            saved.append(SavedLine(left, reason))
    return Merge(tuple(merged), tuple(saved))


def _fitting_units(line: Line, held: int, terms: Terms, policy: CartPolicy) -> tuple[int, SavedReason]:
    """How many units of a guest's line fit on top of ``held``, and what keeps the others out."""
    if not terms.is_sold:
        return 0, "not_sold"
    by_limit = max(0, policy.most_line_units - held)
    by_stock = line.quantity_units if terms.allow_backorder else max(0, terms.available_units - held)
    fitting = min(line.quantity_units, by_limit, by_stock)
    return fitting, "out_of_stock" if by_stock < by_limit else "line_limit"
