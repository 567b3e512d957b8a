"""Units that a cart holds for some minutes, where a company wants that: as many as are free, never more.

Levels are locked by location and variant, those that the cart held and those that it wants together, so that
carts with the same goods in another order, orders and sweepers take turns. Checkout ends what a cart holds
with ``end_reservations(owner_id=cart_id)`` before it reserves for the order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.ledger import Level, LevelKey, lock_levels
from api.inventory.reservations import end_reservations
from api.inventory.rules import crossed_alert
from core.events.outbox import append_event


@dataclass(frozen=True, slots=True)
class WantedHold:
    """Units of a line's variant, from the locations on which its shop draws."""

    line_id: UUID
    variant_id: UUID
    shop_id: UUID
    units: int


@dataclass(frozen=True, slots=True)
class FreeLevel:
    """Units that are free at a location; a shop asks its locations by priority."""

    location_id: UUID
    variant_id: UUID
    shop_id: UUID
    available_units: int
    low_stock_threshold_units: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Units of a line held at a location."""

    line_id: UUID
    variant_id: UUID
    location_id: UUID
    units: int


_PLACES = sa.text(
    """
    select level.location_id, level.variant_id
    from shop_locations as draws
    inner join unnest(cast(:variant_ids as uuid []), cast(:shop_ids as uuid []))
        as wanted (variant_id, shop_id) on draws.shop_id = wanted.shop_id
    inner join stock_levels as level
        on level.company_id = :company_id and draws.location_id = level.location_id
        and wanted.variant_id = level.variant_id
    where draws.company_id = :company_id
    union
    select held.location_id, held.variant_id from reservations as held
    where held.company_id = :company_id and held.owner_id = any(cast(:owner_ids as uuid []))
    and held.status = 'live'
    """
)
_FREE = sa.text(
    """
    select
        level.location_id, level.variant_id, draws.shop_id, level.available_units,
        level.low_stock_threshold_units
    from (
        select distinct variant_id, shop_id
        from unnest(cast(:variant_ids as uuid []), cast(:shop_ids as uuid [])) as line (variant_id, shop_id)
    ) as wanted
    inner join shop_locations as draws
        on draws.company_id = :company_id and wanted.shop_id = draws.shop_id
    inner join locations as location
        on draws.company_id = location.company_id and draws.location_id = location.id
        and location.is_active and location.archived_at is null
    inner join stock_levels as level
        on level.company_id = :company_id and draws.location_id = level.location_id
        and wanted.variant_id = level.variant_id
    where level.available_units > 0
    order by draws.priority, level.location_id
    """
)
_FIND_HOLDING = sa.text(
    "select distinct owner_id from reservations where company_id = :company_id and status = 'live'"
    " and owner_id = any(cast(:owner_ids as uuid [])) order by owner_id"
)
_FIND_EXPIRED = sa.text(
    "select distinct owner_id from reservations where company_id = :company_id and owner_type = 'cart'"
    " and status = 'live' and expires_at <= :at limit :limit"
)
_IS_EXPIRED = sa.text(
    "select exists (select from reservations where company_id = :company_id and owner_id = :cart_id"
    " and owner_type = 'cart' and status = 'live' and expires_at <= :at)"
)
_HOLD = sa.text(
    """
    with held as (
        insert into reservations (
            company_id, location_id, variant_id, owner_type, owner_id, owner_line_id, reserved_units,
            expires_at
        )
        select :company_id, hold.location_id, hold.variant_id, 'cart', :cart_id, hold.line_id, hold.units,
            :expires_at
        from unnest(
            cast(:line_ids as uuid []), cast(:variant_ids as uuid []), cast(:location_ids as uuid []),
            cast(:units as int [])
        ) as hold (line_id, variant_id, location_id, units)
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


async def hold_for_cart(
    connection: AsyncConnection,
    company_id: UUID,
    cart_id: UUID,
    *,
    wanted: Sequence[WantedHold],
    now: datetime,
    expires_at: datetime,
    takes_over: UUID | None = None,
) -> None:
    """Replace what the cart holds, and one that it takes over, by what it wants now, until ``expires_at``."""
    owner_ids = [cart_id] if takes_over is None else [cart_id, takes_over]
    values = {
        "company_id": company_id,
        "owner_ids": owner_ids,
        "variant_ids": [line.variant_id for line in wanted],
        "shop_ids": [line.shop_id for line in wanted],
    }
    places = [(row.location_id, row.variant_id) for row in await connection.execute(_PLACES, values)]
    before = await lock_levels(connection, company_id, places)
    for owner_id in owner_ids:
        await end_reservations(
            connection, company_id=company_id, owner_id=owner_id, ending="released", at=now
        )
    free = [FreeLevel(**row._asdict()) for row in await connection.execute(_FREE, values)]
    holds = share_out(wanted, free)
    await connection.execute(
        _HOLD,
        {
            "company_id": company_id,
            "cart_id": cart_id,
            "expires_at": expires_at,
            "line_ids": [hold.line_id for hold in holds],
            "variant_ids": [hold.variant_id for hold in holds],
            "location_ids": [hold.location_id for hold in holds],
            "units": [hold.units for hold in holds],
        },
    )
    await _tell_crossings(connection, company_id, before, free, holds)


async def release_holds(
    connection: AsyncConnection, company_id: UUID, cart_ids: Sequence[UUID], *, at: datetime
) -> None:
    """Give back what these carts hold, whose locks the caller has: their buyers are gone."""
    values: dict[str, object] = {"company_id": company_id, "owner_ids": cart_ids}
    holding: Sequence[UUID] = (await connection.scalars(_FIND_HOLDING, values)).all()
    if not holding:
        return
    values |= {"variant_ids": [], "shop_ids": []}
    places = [(row.location_id, row.variant_id) for row in await connection.execute(_PLACES, values)]
    await lock_levels(connection, company_id, places)
    for owner_id in holding:
        await end_reservations(connection, company_id=company_id, owner_id=owner_id, ending="released", at=at)


async def find_expired_holds(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, limit: int
) -> Sequence[UUID]:
    """Return carts that hold stock for longer than they may."""
    values = {"company_id": company_id, "at": at, "limit": limit}
    return (await connection.execute(_FIND_EXPIRED, values)).scalars().all()


async def expire_holds(connection: AsyncConnection, company_id: UUID, cart_id: UUID, *, at: datetime) -> bool:
    """Give back what a cart, whose lock the caller has, held for too long; tell whether it did."""
    values = {"company_id": company_id, "cart_id": cart_id, "at": at}
    if not (await connection.execute(_IS_EXPIRED, values)).scalar_one():
        return False  # its owner came back meanwhile
    await end_reservations(connection, company_id=company_id, owner_id=cart_id, ending="expired", at=at)
    return True


def share_out(wanted: Sequence[WantedHold], free: Sequence[FreeLevel]) -> list[Hold]:
    """Give each line what is free at its shop's locations, in their order, and no unit to two lines."""
    left = {(level.location_id, level.variant_id): level.available_units for level in free}
    places: dict[tuple[UUID, UUID], list[UUID]] = defaultdict(list)
    for level in free:
        places[level.variant_id, level.shop_id].append(level.location_id)
    holds: list[Hold] = []
    for line in wanted:
        open_units = line.units
        for location_id in places[line.variant_id, line.shop_id]:
            units = min(open_units, left[location_id, line.variant_id])
            if units > 0:
                holds.append(Hold(line.line_id, line.variant_id, location_id, units))
                left[location_id, line.variant_id] -= units
                open_units -= units
    return holds


async def _tell_crossings(
    connection: AsyncConnection,
    company_id: UUID,
    before: Mapping[LevelKey, Level],
    free: Sequence[FreeLevel],
    holds: Sequence[Hold],
) -> None:
    """Write the alerts that the change from what the cart held to what it holds sets off."""
    held: Counter[LevelKey] = Counter()
    for hold in holds:
        held[hold.location_id, hold.variant_id] += hold.units
    for key, level in {(level.location_id, level.variant_id): level for level in free}.items():
        available_units = level.available_units - held[key]
        alert = crossed_alert(
            before[key].available_units, available_units, threshold_units=level.low_stock_threshold_units
        )
        if alert is not None:
            await _tell(connection, company_id, alert, level, available_units)


async def _tell(
    connection: AsyncConnection, company_id: UUID, alert: str, level: FreeLevel, available_units: int
) -> None:
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
