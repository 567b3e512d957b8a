"""Decisions on returns that need no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

NEXT_STATUSES: Mapping[str, frozenset[str]] = {
    "requested": frozenset({"approved", "rejected"}),
    # Rejected after approval: nothing came, or not what was agreed.
    "approved": frozenset({"received", "rejected"}),
    "received": frozenset({"refunded"}),
    "rejected": frozenset(),
    "refunded": frozenset(),
}

RETURNABLE_ORDER_STATUSES = frozenset({"processing", "shipped", "delivered"})
"""Of a sent order, also while the rest of it is still on its way."""


@dataclass(frozen=True, slots=True)
class Returnable:
    """Units of an order line that may be sent back: of all that arrived, and of those still in the window."""

    arrived_units: int
    recent_units: int

    @property
    def units(self) -> int:
        return max(min(self.arrived_units, self.recent_units), 0)


def returnable(line: Mapping[str, Any], *, arrived: int, recent: int, open_units: int) -> Returnable:
    """Return what may still come back of a line: not twice, and not after the window.

    Units that came back, or are on their way, are taken to be the oldest.
    """
    return Returnable(arrived - line["returned_units"] - open_units, recent)


def can_become(status: str, next_status: str) -> bool:
    """Tell whether a return may go from one status to the other."""
    return next_status in NEXT_STATUSES[status]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Units of a return's line that came: back to stock, or written off."""

    return_line_id: UUID
    order_line_id: UUID
    variant_id: UUID
    restocked_units: int
    written_off_units: int

    @property
    def units(self) -> int:
        return self.restocked_units + self.written_off_units
