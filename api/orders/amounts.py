"""What an order's parts are worth: pure arithmetic on its stored amounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from api.pricing.rules import part_of_line

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    """What an order costs and what is left to pay of it, for the payment's allocation."""

    order_id: UUID
    order_number: str
    shop_id: UUID
    customer_id: UUID | None
    email: str | None
    status: str
    payment_status: str
    currency: str
    total_amount: Decimal
    cancelled_amount: Decimal
    due_amount: Decimal


@dataclass(frozen=True, slots=True)
class LinePart:
    """Units of an order line that are cancelled or come back, and the money that goes with them."""

    order_line_id: UUID
    variant_id: UUID
    units: int
    amount: Decimal
    net_amount: Decimal


def open_units(line: Mapping[str, Any]) -> int:
    """Return the units of a line that neither left nor were cancelled."""
    return int(line["quantity_units"] - line["cancelled_units"] - line["fulfilled_units"])


def kept_units(line: Mapping[str, Any]) -> int:
    """Return the units of a line that were not cancelled."""
    return int(line["quantity_units"] - line["cancelled_units"])


def line_part(line: Mapping[str, Any], units: int, *, currency: str) -> LinePart:
    """Return what ``units`` more of a line give back: its share of what the line costs after discounts.

    The line's parts, cancelled and returned, add up to its gross amount to the cent, in whatever order and
    however small the pieces were.
    """
    gross, net = (
        part_of_line(
            line[column],
            units=units,
            before_units=line["cancelled_units"] + line["returned_units"],
            quantity_units=line["quantity_units"],
            currency=currency,
        )
        for column in ("gross_amount", "net_amount")
    )
    return LinePart(line["id"], line["variant_id"], units, gross, net)


def shipping_share(
    lines: Iterable[Mapping[str, Any]], shipping_amount: Decimal, parts: Sequence[LinePart]
) -> Decimal:
    """Return the shipping that a cancellation gives back: all of it when nothing is left to send.

    As long as one unit was sent or is still to be sent, the parcel is paid for; a return keeps it too.
    """
    cancelled = {part.order_line_id: part.units for part in parts}
    left = sum(kept_units(line) - cancelled.get(line["id"], 0) for line in lines)
    return shipping_amount if left == 0 else ZERO


def total_of(parts: Iterable[LinePart]) -> Decimal:
    """Add up the money of parts."""
    return sum((part.amount for part in parts), ZERO)
