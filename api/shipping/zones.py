"""Use cases of those who keep zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import InvalidContent, NotFound
from api.shipping import queries, rules
from api.shipping.keeping import found, given, require_right, require_shop, row_key, shops_of, tell
from api.shipping.schemas import AreaRead, AreaWrite, ZoneCreate, ZoneRead, ZoneUpdate
from api.shipping.tables import shipping_zones
from core.ids import new_id


async def create_zone(connection: AsyncConnection, zone: ZoneCreate, *, caller: Caller) -> ZoneRead:
    """Add a zone with its places."""
    company_id, zone_id = caller.require_company(), new_id()
    await require_shop(connection, caller, zone.shop_id)
    areas = _areas(zone.areas)
    values = {**zone.model_dump(exclude={"areas"}), **row_key(company_id, zone_id)}
    await queries.insert(connection, shipping_zones, values)
    await queries.replace_areas(connection, company_id, zone_id, areas)
    await tell(connection, "shipping_zone.created", zone_id, caller=caller)
    return await read_zone(connection, zone_id, caller=caller)


async def read_zone(connection: AsyncConnection, zone_id: UUID, *, caller: Caller) -> ZoneRead:
    """Return a zone with its places, where the caller may see it."""
    row = await found(connection, shipping_zones, caller.require_company(), zone_id)
    return await _zone(connection, row, caller=caller)


async def change_zone(
    connection: AsyncConnection,
    zone_id: UUID,
    changes: ZoneUpdate,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> ZoneRead:
    """Change what was sent of the version that the caller has seen; areas as a whole."""
    company_id = caller.require_company()
    await _lock_zone(connection, zone_id, caller=caller, if_match=if_match)
    values = given(changes.model_dump(exclude_unset=True, exclude={"areas"}))
    if "areas" in changes.model_fields_set and changes.areas is None:
        raise InvalidContent("This can't be empty.", pointer="/areas")
    if changes.areas is not None:
        await queries.replace_areas(connection, company_id, zone_id, _areas(changes.areas))
    if changes.model_fields_set:
        values |= {"updated_at": now}
        await queries.update(connection, shipping_zones, company_id, zone_id, values)
        await tell(connection, "shipping_zone.updated", zone_id, caller=caller)
    return await read_zone(connection, zone_id, caller=caller)


async def archive_zone(
    connection: AsyncConnection, zone_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Take a zone out of use: its places fall to the next less specific one."""
    await _lock_zone(connection, zone_id, caller=caller, if_match=if_match)
    company_id = caller.require_company()
    await queries.update(connection, shipping_zones, company_id, zone_id, {"archived_at": now})
    await tell(connection, "shipping_zone.archived", zone_id, caller=caller)


async def _lock_zone(
    connection: AsyncConnection, zone_id: UUID, *, caller: Caller, if_match: str | None
) -> None:
    row = await found(connection, shipping_zones, caller.require_company(), zone_id, for_update=True)
    current = await _zone(connection, row, caller=caller)
    require_right(caller, row["shop_id"])
    require_version(if_match, current)


async def _zone(connection: AsyncConnection, row: queries.Row, *, caller: Caller) -> ZoneRead:
    shop_ids = shops_of(caller)
    if shop_ids is not None and row["shop_id"] is not None and row["shop_id"] not in shop_ids:
        raise NotFound
    areas = await queries.list_areas(connection, row["company_id"], row["id"])
    shown = [AreaRead.model_validate(area) for area in areas]
    return ZoneRead.model_validate({**row, "areas": shown, "area_count": len(shown)})


def _areas(areas: Sequence[AreaWrite]) -> list[rules.Area]:
    sound = []
    for place, area in enumerate(areas):
        try:
            sound.append(rules.sound_area(**area.model_dump()))
        except rules.UnsoundTariff as unsound:
            raise InvalidContent(str(unsound), pointer=f"/areas/{place}/{unsound.field}") from None
    return sound
