"""Use cases of locations: where stock lies, and which shops draw on it in which order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import NotFound, UnknownReference
from api.inventory.errors import LocationNotEmpty, SystemLocation
from api.inventory.location_schemas import LocationCreate, LocationRead, LocationUpdate
from api.inventory.tables import locations, shop_locations, stock_counts, stock_levels, stock_transfers
from api.purchasing.incoming import has_open_orders
from core.events.outbox import append_event
from core.ids import new_id

Work = Callable[[AsyncConnection], Awaitable[LocationRead]]
_TRANSIT_CODE = "IN-TRANSIT"
_SHOPS = (
    sa.select(
        sa.func.coalesce(
            sa.func.jsonb_agg(
                aggregate_order_by(
                    sa.func.jsonb_build_object(
                        "shop_id", shop_locations.c.shop_id, "priority", shop_locations.c.priority
                    ),
                    shop_locations.c.priority,
                    shop_locations.c.shop_id,
                )
            ),
            sa.text("'[]'::jsonb"),
        )
    )
    .where(
        shop_locations.c.company_id == locations.c.company_id, shop_locations.c.location_id == locations.c.id
    )
    .scalar_subquery()
)
_READ = sa.select(locations, _SHOPS.label("shops"))


async def create_location(
    connection: AsyncConnection, wanted: LocationCreate, *, caller: Caller
) -> LocationRead:
    """Add a location; its code is unique in the company."""
    company_id, location_id = caller.require_company(), new_id()
    await connection.execute(
        sa.insert(locations).values(company_id=company_id, id=location_id, **wanted.model_dump())
    )
    await _tell(connection, caller, location_id, "location.created")
    return await read_location(connection, location_id, caller=caller)


async def read_location(
    connection: AsyncConnection, location_id: UUID, *, caller: Caller, lock: bool = False
) -> LocationRead:
    """Return a location within the caller's reach.

    Raises
    ------
    NotFound
        If there is none, or none that the caller's shops draw on.
    """
    statement = _READ.where(
        locations.c.company_id == caller.require_company(),
        locations.c.id == location_id,
        *_within(caller.reachable_shop_ids),
    )
    if lock:
        statement = statement.with_for_update(of=locations)
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return LocationRead.model_validate(dict(row))


async def list_locations(
    connection: AsyncConnection,
    *,
    caller: Caller,
    kind: str | None,
    is_active: bool | None,
    shop_id: UUID | None,
    include_archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[sa.RowMapping]:
    """Return locations by code, one more than ``limit`` when there is a next page."""
    statement = (
        _READ.where(locations.c.company_id == caller.require_company(), *_within(caller.reachable_shop_ids))
        .order_by(locations.c.code, locations.c.id)
        .limit(limit + 1)
    )
    if kind is not None:
        statement = statement.where(locations.c.kind == kind)
    if is_active is not None:
        statement = statement.where(locations.c.is_active == is_active)
    if shop_id is not None:
        statement = statement.where(*_within({shop_id}))
    if not include_archived:
        statement = statement.where(locations.c.archived_at.is_(None))
    if after is not None:
        statement = statement.where(sa.tuple_(locations.c.code, locations.c.id) > sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def update_location(
    connection: AsyncConnection,
    location_id: UUID,
    wanted: LocationUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> LocationRead:
    """Change some of a location's fields."""
    await _lock(connection, location_id, caller=caller, if_match=if_match)
    values = wanted.model_dump(exclude_unset=True)
    if values:
        await _write(connection, location_id, values)
        await _tell(connection, caller, location_id, "location.updated")
    return await read_location(connection, location_id, caller=caller)


async def archive_location(
    connection: AsyncConnection, location_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> LocationRead:
    """Take a location out of use; only an empty one that nothing is on its way to.

    Raises
    ------
    LocationNotEmpty
        If stock lies there or is promised there, or a transfer, count or restock order is open.
    """
    location = await _lock(connection, location_id, caller=caller, if_match=if_match)
    if location.archived_at is None:
        company_id = caller.require_company()
        if reasons := await _reasons_to_stay(connection, company_id, location_id):
            raise LocationNotEmpty(extensions={"because": reasons})
        await connection.execute(
            sa.delete(shop_locations).where(
                shop_locations.c.company_id == company_id, shop_locations.c.location_id == location_id
            )
        )
        await _write(connection, location_id, {"archived_at": now, "is_active": False})
        await _tell(connection, caller, location_id, "location.archived")
    return await read_location(connection, location_id, caller=caller)


async def put_shop(
    connection: AsyncConnection,
    location_id: UUID,
    shop_id: UUID,
    *,
    priority: int | None,
    caller: Caller,
    if_match: str | None,
) -> LocationRead:
    """Let a shop draw on a location with a priority; without one, no longer."""
    location = await _lock(connection, location_id, caller=caller, if_match=if_match)
    if location.archived_at is not None:
        raise NotFound
    company_id = caller.require_company()
    key = {"company_id": company_id, "shop_id": shop_id, "location_id": location_id}
    if priority is None:
        await connection.execute(
            sa.delete(shop_locations).where(*(shop_locations.c[name] == value for name, value in key.items()))
        )
    else:
        if not await _exists_shop(connection, company_id, shop_id):
            raise UnknownReference("There is no such shop.", pointer="/path/shop_id")
        statement = upsert(shop_locations).values(**key, priority=priority)
        await connection.execute(
            statement.on_conflict_do_update(index_elements=list(key), set_={"priority": priority})
        )
    await _write(connection, location_id, {"updated_at": sa.func.now()})
    await _tell(connection, caller, location_id, "location.updated")
    return await read_location(connection, location_id, caller=caller)


async def transit_location(connection: AsyncConnection, company_id: UUID) -> UUID:
    """Return the company's location of units on their way, made when it is first needed."""
    values = {
        "company_id": company_id,
        "id": new_id(),
        "code": _TRANSIT_CODE,
        "name": "On its way",
        "kind": "in_transit",
    }
    find = sa.select(locations.c.id).where(
        locations.c.company_id == company_id, locations.c.kind == "in_transit"
    )
    found = await connection.scalar(find)
    if found is None:
        await connection.execute(upsert(locations).values(**values).on_conflict_do_nothing())
        found = await connection.scalar(find)
    if found is None:
        raise SystemLocation(f"Another location has the code {_TRANSIT_CODE}: give it another.")
    transit_id: UUID = found
    return transit_id


async def _lock(
    connection: AsyncConnection, location_id: UUID, *, caller: Caller, if_match: str | None
) -> LocationRead:
    current = await read_location(connection, location_id, caller=caller, lock=True)
    require_version(if_match, current)
    if current.kind == "in_transit":
        raise SystemLocation
    return current


async def _write(connection: AsyncConnection, location_id: UUID, values: dict[str, Any]) -> None:
    await connection.execute(sa.update(locations).where(locations.c.id == location_id).values(**values))


async def _reasons_to_stay(connection: AsyncConnection, company_id: UUID, location_id: UUID) -> list[str]:
    levels, transfers, counts = stock_levels.c, stock_transfers.c, stock_counts.c
    questions = {
        "stock": sa.exists().where(
            levels.company_id == company_id,
            levels.location_id == location_id,
            sa.or_(levels.on_hand_units != 0, levels.reserved_units != 0),
        ),
        "transfers": sa.exists().where(
            transfers.company_id == company_id,
            sa.or_(transfers.from_location_id == location_id, transfers.to_location_id == location_id),
            transfers.status.in_(("draft", "sent", "partly_received")),
        ),
        "counts": sa.exists().where(
            counts.company_id == company_id, counts.location_id == location_id, counts.status == "open"
        ),
    }
    answers = (
        await connection.execute(sa.select(*(one.label(name) for name, one in questions.items())))
    ).mappings()
    reasons = [name for name, is_so in answers.one().items() if is_so]
    if await has_open_orders(connection, company_id, location_id):
        reasons.append("restock_orders")
    return reasons


async def _exists_shop(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from shops where company_id = :company_id and id = :shop_id"
        " and archived_at is null)"
    )
    values = {"company_id": company_id, "shop_id": shop_id}
    return bool(await connection.scalar(statement, values))


def _within(shop_ids: Collection[UUID] | None) -> list[sa.ColumnElement[bool]]:
    if shop_ids is None:
        return []
    drawn = sa.exists().where(
        shop_locations.c.company_id == locations.c.company_id,
        shop_locations.c.location_id == locations.c.id,
        shop_locations.c.shop_id.in_(shop_ids),
    )
    return [drawn]


async def _tell(connection: AsyncConnection, caller: Caller, location_id: UUID, type: str) -> None:
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=type,
        aggregate_type="location",
        aggregate_id=location_id,
        payload={"location_id": str(location_id)},
        actor_user_id=caller.user_id,
    )
