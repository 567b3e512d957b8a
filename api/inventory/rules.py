"""Decisions on stock that need no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

StockAlert = Literal["inventory.low_stock", "inventory.out_of_stock", "inventory.back_in_stock"]


def is_allowed(*, on_hand_units: int, reserved_units: int, allow_backorder: bool) -> bool:
    """Tell whether a level may become this: never below zero, nor below what is promised."""
    return on_hand_units >= 0 and (allow_backorder or reserved_units <= on_hand_units)


def crossed_alert(before_units: int, after_units: int, *, threshold_units: int) -> StockAlert | None:
    """Return the alert that a change of the available units sets off, once a crossing.

    A fall to nothing, a fall to the threshold, a rise from nothing; the threshold itself may change without
    an alert. ``placement.sql`` decides the same for orders.
    """
    if before_units <= 0 < after_units:
        return "inventory.back_in_stock"
    if before_units > 0 >= after_units:
        return "inventory.out_of_stock"
    if before_units > threshold_units >= after_units:
        return "inventory.low_stock"
    return None


@dataclass(frozen=True)
class Held:
    """A live reservation; ``shortfall_units`` of it were not on hand when it was promised."""

    reservation_id: UUID
    location_id: UUID
    variant_id: UUID
    owner_line_id: UUID | None
    reserved_units: int
    shortfall_units: int


@dataclass(frozen=True)
class Taken:
    """Units that end of one reservation."""

    reservation_id: UUID
    units: int
    shortfall_units: int


@dataclass(frozen=True)
class TakenUnits:
    """What ends of which reservations, and what is left of all of them."""

    taken: list[Taken]
    left: list[Held]


class WantedUnits(Protocol):
    """Units of a line, at one location or wherever they are held."""

    @property
    def owner_line_id(self) -> UUID: ...
    @property
    def units(self) -> int: ...
    @property
    def location_id(self) -> UUID | None: ...


def take_units(held: Sequence[Held], wanted: WantedUnits, *, is_given_back: bool) -> TakenUnits | None:
    """Take a line's units from its reservations, in their order; None if they hold too few.

    Units given back are taken from the shortfall first (what is there stays promised), units used up from
    what was on hand first.
    """
    open_units = wanted.units
    taken: list[Taken] = []
    left: list[Held] = []
    for one in held:
        is_meant = one.owner_line_id == wanted.owner_line_id and wanted.location_id in (None, one.location_id)
        units = min(open_units, one.reserved_units) if is_meant else 0
        if units <= 0:
            left.append(one)
            continue
        on_hand_units = one.reserved_units - one.shortfall_units
        shortfall_units = min(units, one.shortfall_units) if is_given_back else max(0, units - on_hand_units)
        taken.append(Taken(one.reservation_id, units, shortfall_units))
        left.append(
            replace(
                one,
                reserved_units=one.reserved_units - units,
                shortfall_units=one.shortfall_units - shortfall_units,
            )
        )
        open_units -= units
    return None if open_units else TakenUnits(taken, left)


_NEXT_TRANSFER_STATUSES: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"sent", "cancelled"}),
    "sent": frozenset({"received", "cancelled"}),
    "partly_received": frozenset({"received"}),
    "received": frozenset(),
    "cancelled": frozenset(),
}


def transfer_can_become(status: str, next_status: str) -> bool:
    """Tell whether a transfer may go from one status to the other; ``received`` stands for any arrival."""
    return next_status in _NEXT_TRANSFER_STATUSES[status]


def arrival_status(lines: Iterable[tuple[int, int]]) -> str:
    """Return a transfer's status from (sent, arrived or lost) of all its lines."""
    return "received" if all(done >= sent for sent, done in lines) else "partly_received"


@dataclass(frozen=True)
class PricedUnits:
    """Units and what one of them costs; None: not known here."""

    units: int
    unit_cost_amount: Decimal | None


class Layer(Protocol):
    """Units that lie somewhere and cost alike."""

    @property
    def units(self) -> int: ...
    @property
    def unit_cost_amount(self) -> Decimal: ...


def split_by_cost(units: int, layers: Sequence[Layer]) -> list[PricedUnits]:
    """Take units from the front of the layers; what they do not cover costs as their last."""
    open_units, parts = units, list[PricedUnits]()
    for layer in layers:
        taken = min(open_units, layer.units)
        if taken > 0:
            parts.append(PricedUnits(taken, layer.unit_cost_amount))
            open_units -= taken
    if open_units:
        parts.append(PricedUnits(open_units, parts[-1].unit_cost_amount if parts else None))
    return parts
