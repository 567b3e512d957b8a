"""Reservations: held by placement, given back by cancelling and expiry, used up by shipping.

Stock levels are locked by location and variant, in the order in which placement locks them. The reserved
units go down before a ledger row takes the units off hand: the checks of a level hold after each statement.

Some of a line's units can end alone. A row that ends whole changes its status; of a row that ends in part,
the rest stays live and the ended units become a row of their own, so that the rows of a line always add up to
what was promised to it. What is shipped was on hand, so it is taken from the units that were there first;
what is given back is taken from the shortfall first (`rules.take_units`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.errors import NotReserved
from api.inventory.ledger import Level, LevelKey, tell_changes
from api.inventory.rules import Held, Taken, crossed_alert, take_units

Ending = Literal["consumed", "released", "expired"]


@dataclass(frozen=True)
class EndedReservation:
    """Units that were held at a location for a line of the owner."""

    location_id: UUID
    variant_id: UUID
    owner_line_id: UUID | None
    reserved_units: int


@dataclass(frozen=True)
class LineUnits:
    """Units of an owner's line that end: at one location, or wherever they are held."""

    owner_line_id: UUID
    units: int
    location_id: UUID | None = None


_LOCK_LEVELS = sa.text(
    """
    select
        level.location_id, level.variant_id, level.on_hand_units, level.reserved_units, level.available_units,
        level.low_stock_threshold_units, level.allow_backorder
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
_LIVE = sa.text(
    """
    select
        id as reservation_id, location_id, variant_id, owner_line_id, reserved_units, shortfall_units
    from reservations
    where company_id = :company_id and owner_id = :owner_id and status = 'live'
    order by location_id, variant_id, id
    for update
    """
)
_TAKE = sa.text(
    """
    with taken as (
        select
            wanted.reservation_id,
            sum(wanted.units)::int as units,
            sum(wanted.shortfall_units)::int as shortfall_units
        from unnest(
            cast(:reservation_ids as uuid []), cast(:units as int []), cast(:shortfall_units as int [])
        ) as wanted (reservation_id, units, shortfall_units)
        group by wanted.reservation_id
    ),

    whole as (
        update reservations as reservation
        set status = :ending, closed_at = :at
        from taken
        where reservation.company_id = :company_id and reservation.id = taken.reservation_id
        and reservation.reserved_units = taken.units
        returning reservation.location_id, reservation.variant_id, reservation.owner_line_id, taken.units
    ),

    rest as (
        update reservations as reservation
        set
            reserved_units = reservation.reserved_units - taken.units,
            shortfall_units = reservation.shortfall_units - taken.shortfall_units
        from taken
        where reservation.company_id = :company_id and reservation.id = taken.reservation_id
        and reservation.reserved_units > taken.units
        returning reservation.*, taken.units as taken_units, taken.shortfall_units as taken_shortfall_units
    ),

    split as (
        insert into reservations (
            company_id, location_id, variant_id, owner_type, owner_id, owner_line_id, reserved_units,
            shortfall_units, status, expires_at, created_at, closed_at
        )
        select
            company_id, location_id, variant_id, owner_type, owner_id, owner_line_id, taken_units,
            taken_shortfall_units, :ending, expires_at, created_at, :at
        from rest
    ),

    ended as (
        select location_id, variant_id, owner_line_id, units from whole
        union all
        select location_id, variant_id, owner_line_id, taken_units from rest
    ),

    given_back as (
        select location_id, variant_id, sum(units) as units
        from ended
        group by location_id, variant_id
    ),

    lowered as (
        update stock_levels as level
        set reserved_units = level.reserved_units - given_back.units, updated_at = now()
        from given_back
        where level.company_id = :company_id and level.location_id = given_back.location_id
        and level.variant_id = given_back.variant_id
    )

    select location_id, variant_id, owner_line_id, sum(units)::int as reserved_units
    from ended
    group by location_id, variant_id, owner_line_id
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
    levels = await _lock_levels(connection, values)
    ended = [EndedReservation(**row._asdict()) for row in await connection.execute(_END, values)]
    if ending != "consumed":
        await _tell_back_in_stock(connection, company_id, levels, ended)
    return ended


async def consume_reservation(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    owner_id: UUID,
    line_units: Sequence[LineUnits],
    at: datetime,
    ending: Ending = "consumed",
) -> list[EndedReservation]:
    """End some units of an owner's live reservations and lower what is reserved; all of them or none.

    The caller holds the lock of the owner's row. Without a location, a line's units are taken by location
    id. ``ending`` is ``released`` where units are given back instead of used. Returns what ended where.

    Raises
    ------
    NotReserved
        If a line does not hold as many units, at that location if one is named.
    """
    values = {"company_id": company_id, "owner_id": owner_id}
    levels = await _lock_levels(connection, values)
    held = [Held(**row._asdict()) for row in await connection.execute(_LIVE, values)]
    taken: list[Taken] = []
    for wanted in line_units:
        part = take_units(held, wanted, is_given_back=ending != "consumed")
        if part is None:
            raise NotReserved(
                extensions={
                    "owner_line_id": wanted.owner_line_id,
                    "location_id": wanted.location_id,
                    "units": wanted.units,
                }
            )
        held, taken = part.left, taken + part.taken
    if not taken:
        return []
    rows = await connection.execute(
        _TAKE,
        values
        | {
            "ending": ending,
            "at": at,
            "reservation_ids": [one.reservation_id for one in taken],
            "units": [one.units for one in taken],
            "shortfall_units": [one.shortfall_units for one in taken],
        },
    )
    ended = [EndedReservation(**row._asdict()) for row in rows]
    if ending != "consumed":
        await _tell_back_in_stock(connection, company_id, levels, ended)
    return ended


async def keep_reservations(connection: AsyncConnection, *, company_id: UUID, owner_id: UUID) -> None:
    """Let the owner's live reservations stand until they are used or released."""
    await connection.execute(_KEEP, {"company_id": company_id, "owner_id": owner_id})


async def find_companies_with_expired(connection: AsyncConnection, *, at: datetime) -> Sequence[UUID]:
    """Return the companies, of all, in which a live reservation has expired."""
    return (await connection.execute(_FIND_EXPIRED, {"at": at})).scalars().all()


async def _lock_levels(connection: AsyncConnection, owner: Mapping[str, Any]) -> dict[LevelKey, Level]:
    rows = await connection.execute(_LOCK_LEVELS, owner)
    return {(row.location_id, row.variant_id): Level(**row._asdict()) for row in rows}


async def _tell_back_in_stock(
    connection: AsyncConnection,
    company_id: UUID,
    levels: Mapping[LevelKey, Level],
    ended: Sequence[EndedReservation],
) -> None:
    """Units given back are told of where there were none before."""
    given_back: Counter[LevelKey] = Counter()
    for one in ended:
        given_back[one.location_id, one.variant_id] += one.reserved_units
    changes = {
        key: (levels[key].available_units, levels[key].available_units + units)
        for key, units in given_back.items()
    }
    crossed = {
        key: change
        for key, change in changes.items()
        if crossed_alert(*change, threshold_units=levels[key].low_stock_threshold_units)
    }
    await tell_changes(connection, company_id, levels, crossed, actor_user_id=None)
