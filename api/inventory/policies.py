"""When a variant is low at a location, and whether more may be promised there than there is."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import NotFound
from api.inventory import queries
from api.inventory.errors import InsufficientStock
from api.inventory.ledger import Level, lock_levels
from api.inventory.schemas import PolicyRead, PolicyUpdate
from api.inventory.tables import stock_levels
from core.events.outbox import append_event


async def read_policy(
    connection: AsyncConnection, location_id: UUID, variant_id: UUID, *, caller: Caller
) -> PolicyRead:
    """Return the policy of a level within the caller's reach."""
    await _require_level(connection, location_id, variant_id, caller=caller)
    row = await queries.get_level(connection, caller.require_company(), location_id, variant_id)
    return PolicyRead.model_validate(dict(row))


async def change_policy(
    connection: AsyncConnection,
    location_id: UUID,
    variant_id: UUID,
    wanted: PolicyUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> PolicyRead:
    """Change threshold or backorders of a level; what is available does not change, so no alert is set off.

    Raises
    ------
    InsufficientStock
        If backorders are to end while more is promised than is on hand.
    """
    await _require_level(connection, location_id, variant_id, caller=caller)
    company_id, key = caller.require_company(), (location_id, variant_id)
    level = (await lock_levels(connection, company_id, [key]))[key]
    current = _read(level)
    require_version(if_match, current)
    changed = current.model_copy(update=wanted.model_dump(exclude_none=True))
    if not changed.allow_backorder and level.available_units < 0:
        raise InsufficientStock(
            "More is promised than is on hand: deliver or cancel that first.",
            extensions={"on_hand_units": level.on_hand_units, "reserved_units": level.reserved_units},
        )
    if changed == current:
        return current
    await connection.execute(
        sa.update(stock_levels)
        .where(
            stock_levels.c.company_id == company_id,
            stock_levels.c.location_id == location_id,
            stock_levels.c.variant_id == variant_id,
        )
        .values(
            low_stock_threshold_units=changed.low_stock_threshold_units,
            allow_backorder=changed.allow_backorder,
            updated_at=sa.func.now(),
        )
    )
    await append_event(
        connection,
        company_id=company_id,
        type="inventory.policy_changed",
        aggregate_type="variant",
        aggregate_id=variant_id,
        payload=changed.model_dump(mode="json"),
        actor_user_id=caller.user_id,
    )
    return changed


def _read(level: Level) -> PolicyRead:
    return PolicyRead(
        location_id=level.location_id,
        variant_id=level.variant_id,
        low_stock_threshold_units=level.low_stock_threshold_units,
        allow_backorder=level.allow_backorder,
    )


async def _require_level(
    connection: AsyncConnection, location_id: UUID, variant_id: UUID, *, caller: Caller
) -> None:
    company_id = caller.require_company()
    is_level = await queries.exists_level(
        connection, company_id, location_id, variant_id, shop_ids=caller.reachable_shop_ids
    )
    if not is_level:
        raise NotFound
