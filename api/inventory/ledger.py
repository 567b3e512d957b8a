"""Movements of stock: rows of the append-only ledger, of which the units on hand are the sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.errors import InsufficientStock
from api.inventory.rules import crossed_alert, is_allowed
from api.inventory.tables import stock_ledger
from core.events.outbox import NewEvent, append_events
from core.ids import new_id

Reason = Literal[
    "opening",
    "sale",
    "receipt",
    "return",
    "adjustment",
    "write_off",
    "transfer_out",
    "transfer_in",
    "count",
]
LevelKey = tuple[UUID, UUID]


@dataclass(frozen=True)
class Movement:
    """Units of a variant that come to a location, or leave it (negative)."""

    location_id: UUID
    variant_id: UUID
    delta_units: int
    reason: Reason
    reference_type: str | None = None
    reference_id: UUID | None = None
    unit_cost_amount: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True)
class Level:
    """A stock level as it was when it was locked."""

    location_id: UUID
    variant_id: UUID
    on_hand_units: int
    reserved_units: int
    available_units: int
    low_stock_threshold_units: int
    allow_backorder: bool


_ADD_LEVELS = sa.text(
    """
    insert into stock_levels (company_id, location_id, variant_id, low_stock_threshold_units)
    select
        :company_id, wanted.location_id, wanted.variant_id,
        -- Nobody sells what is on its way, so it is never low.
        case when location.kind = 'in_transit' then 0 else 10 end
    from unnest(cast(:location_ids as uuid []), cast(:variant_ids as uuid []))
        as wanted (location_id, variant_id)
    inner join locations as location
        on location.company_id = :company_id and wanted.location_id = location.id
    where not exists (
        select from stock_levels as level
        where level.company_id = :company_id and level.location_id = wanted.location_id
        and level.variant_id = wanted.variant_id
    )
    order by wanted.location_id, wanted.variant_id
    on conflict do nothing
    """
)
_LOCK_LEVELS = sa.text(
    """
    select
        level.location_id, level.variant_id, level.on_hand_units, level.reserved_units, level.available_units,
        level.low_stock_threshold_units, level.allow_backorder
    from unnest(cast(:location_ids as uuid []), cast(:variant_ids as uuid []))
        as wanted (location_id, variant_id)
    inner join stock_levels as level
        on level.company_id = :company_id and wanted.location_id = level.location_id
        and wanted.variant_id = level.variant_id
    order by level.location_id, level.variant_id
    for update of level
    """
)


async def lock_levels(
    connection: AsyncConnection, company_id: UUID, keys: Sequence[LevelKey]
) -> dict[LevelKey, Level]:
    """Lock the levels of (location, variant) in the one order, after adding those that are missing."""
    ordered = sorted(set(keys), key=lambda key: (key[0].bytes, key[1].bytes))
    values = {
        "company_id": company_id,
        "location_ids": [location_id for location_id, _ in ordered],
        "variant_ids": [variant_id for _, variant_id in ordered],
    }
    await connection.execute(_ADD_LEVELS, values)
    rows = await connection.execute(_LOCK_LEVELS, values)
    return {(row.location_id, row.variant_id): Level(**row._asdict()) for row in rows}


async def move_stock(
    connection: AsyncConnection,
    *,
    company_id: UUID,
    movements: Sequence[Movement],
    actor_user_id: UUID | None,
    occurred_at: datetime,
    tell_alerts: bool = True,
    quiet_location_ids: Collection[UUID] = (),
) -> None:
    """Write movements into the ledger, all or none; its trigger changes what is on hand.

    ``tell_alerts`` is false where the units were promised before: they were not available any more.
    Of ``quiet_location_ids`` nothing is told: nothing is sold from there.

    Raises
    ------
    InsufficientStock
        If a level would fall below zero, or below what is promised there without backorder.
    """
    if not movements:
        return
    deltas: Counter[LevelKey] = Counter()
    for movement in movements:
        deltas[movement.location_id, movement.variant_id] += movement.delta_units
    levels = await lock_levels(connection, company_id, list(deltas))
    _refuse_shortage(levels, deltas)
    await connection.execute(
        sa.insert(stock_ledger).values(
            [
                {
                    "company_id": company_id,
                    "id": new_id(),
                    **vars(movement),
                    "actor_user_id": actor_user_id,
                    "occurred_at": occurred_at,
                }
                for movement in movements
            ]
        )
    )
    if tell_alerts:
        changes = {
            key: (levels[key].available_units, levels[key].available_units + delta_units)
            for key, delta_units in deltas.items()
            if delta_units and key[0] not in quiet_location_ids
        }
        await tell_changes(connection, company_id, levels, changes, actor_user_id=actor_user_id)


async def tell_changes(
    connection: AsyncConnection,
    company_id: UUID,
    levels: Mapping[LevelKey, Level],
    changes: Mapping[LevelKey, tuple[int, int]],
    *,
    actor_user_id: UUID | None,
) -> None:
    """Write that available units changed (before, after), and the alerts that this sets off."""
    await append_events(
        connection,
        [event for key, (before, after) in changes.items() for event in _events(levels[key], before, after)],
        company_id=company_id,
        actor_user_id=actor_user_id,
    )


def _refuse_shortage(levels: dict[LevelKey, Level], deltas: Counter[LevelKey]) -> None:
    short = [
        level
        for key, level in levels.items()
        if not is_allowed(
            on_hand_units=level.on_hand_units + deltas[key],
            reserved_units=level.reserved_units,
            allow_backorder=level.allow_backorder,
        )
    ]
    if short:
        raise InsufficientStock(
            extensions={
                "levels": [
                    {
                        "location_id": level.location_id,
                        "variant_id": level.variant_id,
                        "on_hand_units": level.on_hand_units,
                        "reserved_units": level.reserved_units,
                    }
                    for level in short
                ]
            }
        )


def _events(level: Level, before_units: int, after_units: int) -> list[NewEvent]:
    alert = crossed_alert(before_units, after_units, threshold_units=level.low_stock_threshold_units)
    payload = {
        "location_id": str(level.location_id),
        "variant_id": str(level.variant_id),
        "available_units": after_units,
        "low_stock_threshold_units": level.low_stock_threshold_units,
    }
    return [
        NewEvent(kind, "variant", level.variant_id, payload)
        for kind in ("inventory.updated", alert)
        if kind is not None
    ]
