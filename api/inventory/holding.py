"""Units held for an order in one go, all or none: for an order that expired and was paid for after all.

Placement holds in its own statement (``api/orders/placement.sql``); this is for the rare case after it,
by the same rules: locations give by priority, what they lack is promised by the first that allows backorder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.ledger import Level, lock_levels
from api.inventory.rules import crossed_alert
from core.events.outbox import append_event


@dataclass(frozen=True, slots=True)
class HoldLine:
    """Units of a variant that an order's line wants."""

    order_line_id: UUID
    variant_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class HeldPart:
    """Units of a line at one location; ``shortfall_units`` of them are not on hand yet."""

    order_line_id: UUID
    location_id: UUID
    variant_id: UUID
    units: int
    shortfall_units: int


_PLACES = sa.text(
    """
    select level.location_id, level.variant_id
    from shop_locations as draws
    inner join locations as location
        on draws.company_id = location.company_id and draws.location_id = location.id
        and location.is_active and location.archived_at is null
    inner join stock_levels as level
        on draws.company_id = level.company_id and draws.location_id = level.location_id
    where draws.company_id = :company_id and draws.shop_id = :shop_id
    and level.variant_id = any(cast(:variant_ids as uuid []))
    order by draws.priority, level.location_id
    """
)
_HELD_AT = sa.text(
    """
    select owner_line_id, sum(reserved_units)::int as units
    from reservations
    where company_id = :company_id and owner_id = :order_id and location_id = :location_id and status = 'live'
    and owner_line_id is not null
    group by owner_line_id
    order by owner_line_id
    """
)
_FIRST_LOCATION = sa.text(
    """
    select draws.location_id
    from shop_locations as draws
    inner join locations as location
        on draws.company_id = location.company_id and draws.location_id = location.id
        and location.is_active and location.archived_at is null
    where draws.company_id = :company_id and draws.shop_id = :shop_id
    and draws.location_id = coalesce(cast(:location_id as uuid), draws.location_id)
    order by draws.priority, draws.location_id
    limit 1
    """
)
_HOLD = sa.text(
    """
    with held as (
        insert into reservations (
            company_id, location_id, variant_id, owner_id, owner_line_id, reserved_units, shortfall_units,
            expires_at
        )
        select :company_id, part.location_id, part.variant_id, :order_id, part.line_id, part.units,
            part.shortfall_units, :expires_at
        from unnest(
            cast(:line_ids as uuid []), cast(:variant_ids as uuid []), cast(:location_ids as uuid []),
            cast(:units as int []), cast(:shortfalls as int [])
        ) as part (line_id, variant_id, location_id, units, shortfall_units)
        returning location_id, variant_id, reserved_units
    ),

    raised as (
        select held.location_id, held.variant_id, sum(held.reserved_units) as units
        from held
        group by held.location_id, held.variant_id
    )

    update stock_levels as level
    set reserved_units = level.reserved_units + raised.units, updated_at = now()
    from raised
    where level.company_id = :company_id and level.location_id = raised.location_id
    and level.variant_id = raised.variant_id
    """
)


async def held_at(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, location_id: UUID
) -> dict[UUID, int]:
    """Return the units that an order's lines hold at a location."""
    values = {"company_id": company_id, "order_id": order_id, "location_id": location_id}
    return {row.owner_line_id: row.units for row in await connection.execute(_HELD_AT, values)}


async def first_location(
    connection: AsyncConnection, company_id: UUID, shop_id: UUID, *, location_id: UUID | None = None
) -> UUID | None:
    """Return the first location on which a shop draws, or the named one if it is one of them."""
    values = {"company_id": company_id, "shop_id": shop_id, "location_id": location_id}
    found: UUID | None = await connection.scalar(_FIRST_LOCATION, values)
    return found


async def hold_for_order(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    shop_id: UUID,
    order_id: UUID,
    lines: Sequence[HoldLine],
    expires_at: datetime,
) -> bool:
    """Hold all units of all lines until ``expires_at``; False, and nothing is held, if some are missing."""
    wanted = [line for line in lines if line.units]
    values = {
        "company_id": company_id,
        "shop_id": shop_id,
        "variant_ids": [line.variant_id for line in wanted],
    }
    places = [(row.location_id, row.variant_id) for row in await connection.execute(_PLACES, values)]
    levels = await lock_levels(connection, company_id, places)
    parts = allocate(wanted, [levels[place] for place in places])
    if parts is None:
        return False
    await connection.execute(
        _HOLD,
        {
            "company_id": company_id,
            "order_id": order_id,
            "expires_at": expires_at,
            "line_ids": [part.order_line_id for part in parts],
            "variant_ids": [part.variant_id for part in parts],
            "location_ids": [part.location_id for part in parts],
            "units": [part.units for part in parts],
            "shortfalls": [part.shortfall_units for part in parts],
        },
    )
    for place in dict.fromkeys(places):
        held = sum(part.units for part in parts if (part.location_id, part.variant_id) == place)
        await _tell(connection, company_id, levels[place], held)
    return True


def allocate(lines: Sequence[HoldLine], levels: Sequence[Level]) -> list[HeldPart] | None:
    """Share the lines out over levels in their order; None if a line does not get all its units."""
    left = {(level.location_id, level.variant_id): max(level.available_units, 0) for level in levels}
    parts: list[HeldPart] = []
    for line in lines:
        missing = line.units
        own = [level for level in levels if level.variant_id == line.variant_id]
        for level in own:
            units = min(missing, left[level.location_id, level.variant_id])
            if units:
                parts.append(HeldPart(line.order_line_id, level.location_id, line.variant_id, units, 0))
                left[level.location_id, level.variant_id] -= units
                missing -= units
        promiser = next((level for level in own if level.allow_backorder), None)
        if missing and promiser is None:
            return None
        if missing and promiser is not None:
            parts.append(
                HeldPart(line.order_line_id, promiser.location_id, line.variant_id, missing, missing)
            )
    return parts


async def _tell(connection: AsyncConnection, company_id: UUID, level: Level, held_units: int) -> None:
    available_units = level.available_units - held_units
    alert = crossed_alert(
        level.available_units, available_units, threshold_units=level.low_stock_threshold_units
    )
    if alert is not None:
        await append_event(
            connection,
            company_id=company_id,
            type=alert,
            aggregate_type="variant",
            aggregate_id=level.variant_id,
            payload={
                "location_id": str(level.location_id),
                "variant_id": str(level.variant_id),
                "available_units": available_units,
                "low_stock_threshold_units": level.low_stock_threshold_units,
            },
        )
