"""Decisions on a plan's proposals that need no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Chosen:
    """A proposal that a buyer takes, with the quantity they want."""

    proposal_id: UUID
    variant_id: UUID
    location_id: UUID
    supplier_id: UUID
    suggested_units: int
    decided_units: int


def choose(proposal: Mapping[str, Any], decided_units: int | None) -> Chosen:
    """Return the proposal with the buyer's quantity, or the suggested one."""
    suggested = int(proposal["suggested_units"])
    return Chosen(
        proposal_id=UUID(proposal["proposal_id"]),
        variant_id=UUID(proposal["variant_id"]),
        location_id=UUID(proposal["location_id"]),
        supplier_id=UUID(proposal["supplier_id"]),
        suggested_units=suggested,
        decided_units=decided_units or suggested,
    )


def by_supplier_and_location(chosen: Iterable[Chosen]) -> dict[tuple[UUID, UUID], list[Chosen]]:
    """Group into one restock order per supplier and location, in the order they were chosen."""
    groups: dict[tuple[UUID, UUID], list[Chosen]] = {}
    for item in chosen:
        groups.setdefault((item.supplier_id, item.location_id), []).append(item)
    return groups
