"""Reservations: held by placement, given back by cancelling and expiry, used up by shipping.

Stock levels are locked by location and variant, in the order in which placement locks them. The reserved
units go down before a ledger row takes the units off hand: the checks of a level hold after each statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Ending = Literal["consumed", "released", "expired"]


@dataclass(frozen=True)
class EndedReservation:
    """Units that were held at a location for a line of the owner."""

    location_id: UUID
    variant_id: UUID
    owner_line_id: UUID | None
    reserved_units: int


_LOCK_LEVELS = sa.text(
    """
    select level.location_id, level.variant_id
    from stock_levels as level
    where level.company_id = :company_id
    and (level.location_id, level.variant_id) in (
        select reservation.location_id, reservation.variant_id from reservations as reservation
        where reservation.company_id = :company_id and reservation.owner_id = :owner_id
        and reservation.status = 'live'
    )
    order by level.location_id, level.variant_id
    for update of level
    """
)
_END = sa.text(
    """
    with ended as (
        update reservations
        set status = :ending, closed_at = :at
        where company_id = :company_id and owner_id = :owner_id and status = 'live'
        returning location_id, variant_id, owner_line_id, reserved_units
    ),

    given_back as (
        select location_id, variant_id, sum(reserved_units) as reserved_units
        from ended
        group by location_id, variant_id
    ),

    lowered as (
        update stock_levels as level
        set reserved_units = level.reserved_units - given_back.reserved_units, updated_at = now()
        from given_back
        where level.company_id = :company_id and level.location_id = given_back.location_id
        and level.variant_id = given_back.variant_id
    )

    select location_id, variant_id, owner_line_id, reserved_units
    from ended
    order by location_id, variant_id, owner_line_id
    """
)
_KEEP = sa.text(
    "update reservations set expires_at = null"
    " where company_id = :company_id and owner_id = :owner_id and status = 'live'"
)
_FIND_EXPIRED = sa.text("select company_id from inventory_find_expired(:at)")


async def end_reservations(
    connection: AsyncConnection, *, company_id: UUID, owner_id: UUID, ending: Ending, at: datetime
) -> list[EndedReservation]:
    """End the owner's live reservations and lower what is reserved; return them, none the second time."""
    values = {"company_id": company_id, "owner_id": owner_id, "ending": ending, "at": at}
    await connection.execute(_LOCK_LEVELS, values)
    return [EndedReservation(**row._asdict()) for row in await connection.execute(_END, values)]


async def keep_reservations(connection: AsyncConnection, *, company_id: UUID, owner_id: UUID) -> None:
    """Let the owner's live reservations stand until they are used or released."""
    await connection.execute(_KEEP, {"company_id": company_id, "owner_id": owner_id})


async def find_companies_with_expired(connection: AsyncConnection, *, at: datetime) -> Sequence[UUID]:
    """Return the companies, of all, in which a live reservation has expired."""
    return (await connection.execute(_FIND_EXPIRED, {"at": at})).scalars().all()
