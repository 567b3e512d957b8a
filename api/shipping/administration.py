"""Use cases of those who keep carriers, methods with their tariffs, and zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import Forbidden, InvalidContent, NotFound, UnknownReference
from api.permissions import STOREFRONT, Scope
from api.shipping import queries, rules
from api.shipping.schemas import (
    AreaRead,
    AreaWrite,
    BandRead,
    CarrierCreate,
    CarrierRead,
    CarrierUpdate,
    MethodCreate,
    MethodRead,
    MethodUpdate,
    TariffRead,
    TariffWrite,
    ZoneCreate,
    ZoneRead,
    ZoneUpdate,
)
from api.shipping.tables import carriers, shipping_methods, shipping_zones
from core.events.outbox import append_event
from core.ids import new_id
from core.money import round_amount

_SHOPPERS = frozenset({"customer", STOREFRONT})
_MAY_BE_EMPTY = {"carrier_id", "description", "free_from_amount", "tracking_url_template"}


def is_shopper(caller: Caller) -> bool:
    """Whether the caller buys here, and so sees what is in use only."""
    return caller.roles <= _SHOPPERS


def shops_of(caller: Caller) -> frozenset[UUID] | None:
    """Return the shops whose own methods and zones the caller sees; None: every shop's."""
    return frozenset({caller.shop_id}) if caller.shop_id is not None else caller.reachable_shop_ids


# Carriers -------------------------------------------------------------------------------------------
async def create_carrier(
    connection: AsyncConnection, carrier: CarrierCreate, *, caller: Caller
) -> CarrierRead:
    """Add a carrier; its code is unique in the company."""
    company_id, carrier_id = caller.require_company(), new_id()
    await queries.insert(connection, carriers, {**carrier.model_dump(), **_key(company_id, carrier_id)})
    await _tell(connection, "carrier.created", carrier_id, caller=caller)
    return await read_carrier(connection, company_id, carrier_id)


async def read_carrier(connection: AsyncConnection, company_id: UUID, carrier_id: UUID) -> CarrierRead:
    return CarrierRead.model_validate(await _found(connection, carriers, company_id, carrier_id))


async def change_carrier(
    connection: AsyncConnection,
    carrier_id: UUID,
    changes: CarrierUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> CarrierRead:
    """Change what was sent of the version that the caller has seen."""
    company_id = caller.require_company()
    row = await _found(connection, carriers, company_id, carrier_id, for_update=True)
    require_version(if_match, CarrierRead.model_validate(row))
    values = _given(changes.model_dump(exclude_unset=True))
    if values:
        await queries.update(connection, carriers, company_id, carrier_id, values)
        await _tell(connection, "carrier.updated", carrier_id, caller=caller)
    return await read_carrier(connection, company_id, carrier_id)


async def archive_carrier(
    connection: AsyncConnection, carrier_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Archive a carrier; methods and shipments that name it keep its name."""
    company_id = caller.require_company()
    row = await _found(connection, carriers, company_id, carrier_id, for_update=True)
    require_version(if_match, CarrierRead.model_validate(row))
    await queries.update(connection, carriers, company_id, carrier_id, {"archived_at": now})
    await _tell(connection, "carrier.archived", carrier_id, caller=caller)


# Methods --------------------------------------------------------------------------------------------
async def create_method(connection: AsyncConnection, method: MethodCreate, *, caller: Caller) -> MethodRead:
    """Add a method; it is offered once it has a tariff."""
    company_id, method_id = caller.require_company(), new_id()
    await _require_shop(connection, caller, method.shop_id)
    await _require_carrier(connection, company_id, method.carrier_id)
    currency = await queries.currency_of(connection, company_id)
    _require_whole(currency, base_amount=method.base_amount, free_from_amount=method.free_from_amount)
    values = {**method.model_dump(), **_key(company_id, method_id)}
    await queries.insert(connection, shipping_methods, values)
    await _tell(connection, "shipping_method.created", method_id, caller=caller)
    return await read_method(connection, method_id, caller=caller)


async def read_method(connection: AsyncConnection, method_id: UUID, *, caller: Caller) -> MethodRead:
    """Return a method with its tariffs, where the caller may see it."""
    company_id = caller.require_company()
    row = await queries.get_method(connection, company_id, method_id)
    shop_ids = shops_of(caller)
    if row is None or (is_shopper(caller) and not row["is_active"]):
        raise NotFound
    if shop_ids is not None and row["shop_id"] is not None and row["shop_id"] not in shop_ids:
        raise NotFound
    tariffs = [_tariff(tariff) for tariff in await queries.list_tariffs(connection, company_id, method_id)]
    currency = await queries.currency_of(connection, company_id)
    return MethodRead.model_validate({**row, "tariffs": tariffs, "currency": currency})


async def change_method(
    connection: AsyncConnection,
    method_id: UUID,
    changes: MethodUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> MethodRead:
    """Change what was sent of the version that the caller has seen."""
    company_id = caller.require_company()
    current = await _lock_method(connection, method_id, caller=caller, if_match=if_match)
    values = _given(changes.model_dump(exclude_unset=True))
    await _require_carrier(connection, company_id, values.get("carrier_id"))
    _require_whole(
        current.currency,
        base_amount=values.get("base_amount"),
        free_from_amount=values.get("free_from_amount"),
    )
    merged = {**current.model_dump(), **values}
    if merged["estimated_days_min"] > merged["estimated_days_max"]:
        raise InvalidContent("It is above estimated_days_max.", pointer="/estimated_days_min")
    if values:
        await queries.update(connection, shipping_methods, company_id, method_id, values)
        await _tell(connection, "shipping_method.updated", method_id, caller=caller)
    return await read_method(connection, method_id, caller=caller)


async def archive_method(
    connection: AsyncConnection, method_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Take a method out of use; orders keep its name."""
    await _lock_method(connection, method_id, caller=caller, if_match=if_match)
    company_id = caller.require_company()
    await queries.update(connection, shipping_methods, company_id, method_id, {"archived_at": now})
    await _tell(connection, "shipping_method.archived", method_id, caller=caller)


async def put_tariff(
    connection: AsyncConnection,
    method_id: UUID,
    zone_id: UUID,
    tariff: TariffWrite,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> MethodRead:
    """Say what a method costs in a zone: all bands at once, so that they fit together."""
    company_id = caller.require_company()
    current = await _lock_method(connection, method_id, caller=caller, if_match=if_match)
    zone = await _found(connection, shipping_zones, company_id, zone_id)
    if zone["shop_id"] not in (None, current.shop_id):
        raise NotFound
    _require_whole(current.currency, free_from_amount=tariff.free_from_amount)
    for place, band in enumerate(tariff.bands):
        _require_whole(current.currency, f"/bands/{place}", amount=band.amount)
    try:
        bands = rules.sound_bands([rules.Band(band.from_bound, band.amount) for band in tariff.bands])
    except rules.UnsoundTariff as unsound:
        raise InvalidContent(str(unsound), pointer=f"/{unsound.field}") from None
    values = {"company_id": company_id, "method_id": method_id, "zone_id": zone_id}
    await queries.replace_tariff(connection, {**values, **tariff.model_dump(exclude={"bands"})}, bands)
    await queries.update(connection, shipping_methods, company_id, method_id, {"updated_at": now})
    await _tell(connection, "shipping_method.updated", method_id, caller=caller)
    return await read_method(connection, method_id, caller=caller)


async def remove_tariff(
    connection: AsyncConnection,
    method_id: UUID,
    zone_id: UUID,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> None:
    """Offer a method in a zone no more."""
    company_id = caller.require_company()
    await _lock_method(connection, method_id, caller=caller, if_match=if_match)
    if not await queries.delete_tariff(connection, company_id, method_id, zone_id):
        raise NotFound
    await queries.update(connection, shipping_methods, company_id, method_id, {"updated_at": now})
    await _tell(connection, "shipping_method.updated", method_id, caller=caller)


# Zones ----------------------------------------------------------------------------------------------
async def create_zone(connection: AsyncConnection, zone: ZoneCreate, *, caller: Caller) -> ZoneRead:
    """Add a zone with its places."""
    company_id, zone_id = caller.require_company(), new_id()
    await _require_shop(connection, caller, zone.shop_id)
    areas = _areas(zone.areas)
    values = {**zone.model_dump(exclude={"areas"}), **_key(company_id, zone_id)}
    await queries.insert(connection, shipping_zones, values)
    await queries.replace_areas(connection, company_id, zone_id, areas)
    await _tell(connection, "shipping_zone.created", zone_id, caller=caller)
    return await read_zone(connection, zone_id, caller=caller)


async def read_zone(connection: AsyncConnection, zone_id: UUID, *, caller: Caller) -> ZoneRead:
    """Return a zone with its places, where the caller may see it."""
    row = await _found(connection, shipping_zones, caller.require_company(), zone_id)
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
    values = _given(changes.model_dump(exclude_unset=True, exclude={"areas"}))
    if "areas" in changes.model_fields_set and changes.areas is None:
        raise InvalidContent("This can't be empty.", pointer="/areas")
    if changes.areas is not None:
        await queries.replace_areas(connection, company_id, zone_id, _areas(changes.areas))
    if changes.model_fields_set:
        values |= {"updated_at": now}
        await queries.update(connection, shipping_zones, company_id, zone_id, values)
        await _tell(connection, "shipping_zone.updated", zone_id, caller=caller)
    return await read_zone(connection, zone_id, caller=caller)


async def archive_zone(
    connection: AsyncConnection, zone_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Take a zone out of use: its places fall to the next less specific one."""
    await _lock_zone(connection, zone_id, caller=caller, if_match=if_match)
    company_id = caller.require_company()
    await queries.update(connection, shipping_zones, company_id, zone_id, {"archived_at": now})
    await _tell(connection, "shipping_zone.archived", zone_id, caller=caller)


# What they share ------------------------------------------------------------------------------------
def _key(company_id: UUID, row_id: UUID) -> dict[str, UUID]:
    return {"company_id": company_id, "id": row_id}


async def _found(
    connection: AsyncConnection, table: sa.Table, company_id: UUID, row_id: UUID, *, for_update: bool = False
) -> queries.Row:
    row = await queries.find(connection, table, company_id, row_id, for_update=for_update)
    if row is None:
        raise NotFound
    return row


async def _lock_method(
    connection: AsyncConnection, method_id: UUID, *, caller: Caller, if_match: str | None
) -> MethodRead:
    row = await _found(connection, shipping_methods, caller.require_company(), method_id, for_update=True)
    current = await read_method(connection, method_id, caller=caller)
    _require_right(caller, row["shop_id"])
    require_version(if_match, current)
    return current


async def _lock_zone(
    connection: AsyncConnection, zone_id: UUID, *, caller: Caller, if_match: str | None
) -> None:
    row = await _found(connection, shipping_zones, caller.require_company(), zone_id, for_update=True)
    current = await _zone(connection, row, caller=caller)
    _require_right(caller, row["shop_id"])
    require_version(if_match, current)


async def _zone(connection: AsyncConnection, row: queries.Row, *, caller: Caller) -> ZoneRead:
    shop_ids = shops_of(caller)
    if shop_ids is not None and row["shop_id"] is not None and row["shop_id"] not in shop_ids:
        raise NotFound
    areas = await queries.list_areas(connection, row["company_id"], row["id"])
    shown = [AreaRead.model_validate(area) for area in areas]
    return ZoneRead.model_validate({**row, "areas": shown, "area_count": len(shown)})


def _tariff(row: queries.Row) -> TariffRead:
    bands = [
        BandRead(from_bound=bound, amount=amount)
        for bound, amount in zip(row["bounds"], row["amounts"], strict=True)
    ]
    return TariffRead.model_validate({**row, "bands": bands})


def _areas(areas: Sequence[AreaWrite]) -> list[rules.Area]:
    sound = []
    for place, area in enumerate(areas):
        try:
            sound.append(rules.sound_area(**area.model_dump()))
        except rules.UnsoundTariff as unsound:
            raise InvalidContent(str(unsound), pointer=f"/areas/{place}/{unsound.field}") from None
    return sound


def _given(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        if value is None and name not in _MAY_BE_EMPTY:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    return values


def _require_whole(currency: str, parent: str = "", /, **amounts: Decimal | None) -> None:
    for name, amount in amounts.items():
        if amount is not None and round_amount(amount, currency) != amount:
            raise InvalidContent(f"{currency} has fewer decimals.", pointer=f"{parent}/{name}")


def _require_right(caller: Caller, shop_id: UUID | None) -> None:
    """Managers of shops keep what is their shops' own; what every shop uses is the company's."""
    if caller.scope is Scope.SHOP and (shop_id is None or not caller.may_use_shop(shop_id)):
        raise Forbidden("Your role changes what is your own shops' only; name one as shop_id.")


async def _require_shop(connection: AsyncConnection, caller: Caller, shop_id: UUID | None) -> None:
    _require_right(caller, shop_id)
    if shop_id is not None and not await queries.exists_shop(connection, caller.require_company(), shop_id):
        raise UnknownReference("There is no such shop.", pointer="/shop_id")


async def _require_carrier(connection: AsyncConnection, company_id: UUID, carrier_id: UUID | None) -> None:
    if carrier_id is not None and await queries.find(connection, carriers, company_id, carrier_id) is None:
        raise UnknownReference("There is no such carrier.", pointer="/carrier_id")


async def _tell(connection: AsyncConnection, kind: str, aggregate_id: UUID, *, caller: Caller) -> None:
    aggregate_type = kind.partition(".")[0]
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=kind,
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        payload={f"{aggregate_type}_id": str(aggregate_id)},
        actor_user_id=caller.user_id,
    )
