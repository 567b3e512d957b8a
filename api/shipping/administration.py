"""Use cases of those who keep carriers, and methods with their tariffs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.currency import currency_of, require_whole
from api.errors import InvalidContent, NotFound, UnknownReference
from api.shipping import queries, rules
from api.shipping.keeping import (
    found,
    given,
    is_shopper,
    require_right,
    require_shop,
    row_key,
    shops_of,
    tell,
)
from api.shipping.schemas import (
    BandRead,
    CarrierCreate,
    CarrierRead,
    CarrierUpdate,
    MethodCreate,
    MethodRead,
    MethodUpdate,
    TariffRead,
    TariffWrite,
)
from api.shipping.tables import carriers, shipping_methods, shipping_zones
from core.ids import new_id


# Carriers -------------------------------------------------------------------------------------------
async def create_carrier(
    connection: AsyncConnection, carrier: CarrierCreate, *, caller: Caller
) -> CarrierRead:
    """Add a carrier; its code is unique in the company."""
    company_id, carrier_id = caller.require_company(), new_id()
    await queries.insert(connection, carriers, {**carrier.model_dump(), **row_key(company_id, carrier_id)})
    await tell(connection, "carrier.created", carrier_id, caller=caller)
    return await read_carrier(connection, company_id, carrier_id)


async def read_carrier(connection: AsyncConnection, company_id: UUID, carrier_id: UUID) -> CarrierRead:
    return CarrierRead.model_validate(await found(connection, carriers, company_id, carrier_id))


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
    row = await found(connection, carriers, company_id, carrier_id, for_update=True)
    require_version(if_match, CarrierRead.model_validate(row))
    values = given(changes.model_dump(exclude_unset=True))
    if values:
        await queries.update(connection, carriers, company_id, carrier_id, values)
        await tell(connection, "carrier.updated", carrier_id, caller=caller)
    return await read_carrier(connection, company_id, carrier_id)


async def archive_carrier(
    connection: AsyncConnection, carrier_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Archive a carrier; methods and shipments that name it keep its name."""
    company_id = caller.require_company()
    row = await found(connection, carriers, company_id, carrier_id, for_update=True)
    require_version(if_match, CarrierRead.model_validate(row))
    await queries.update(connection, carriers, company_id, carrier_id, {"archived_at": now})
    await tell(connection, "carrier.archived", carrier_id, caller=caller)


# Methods --------------------------------------------------------------------------------------------
async def create_method(connection: AsyncConnection, method: MethodCreate, *, caller: Caller) -> MethodRead:
    """Add a method; it is offered once it has a tariff."""
    company_id, method_id = caller.require_company(), new_id()
    await require_shop(connection, caller, method.shop_id)
    await _require_carrier(connection, company_id, method.carrier_id)
    currency = await currency_of(connection, company_id)
    require_whole(currency, base_amount=method.base_amount, free_from_amount=method.free_from_amount)
    values = {**method.model_dump(), **row_key(company_id, method_id)}
    await queries.insert(connection, shipping_methods, values)
    await tell(connection, "shipping_method.created", method_id, caller=caller)
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
    currency = await currency_of(connection, company_id)
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
    values = given(changes.model_dump(exclude_unset=True))
    await _require_carrier(connection, company_id, values.get("carrier_id"))
    require_whole(
        current.currency,
        base_amount=values.get("base_amount"),
        free_from_amount=values.get("free_from_amount"),
    )
    merged = {**current.model_dump(), **values}
    if merged["estimated_days_min"] > merged["estimated_days_max"]:
        raise InvalidContent("It is above estimated_days_max.", pointer="/estimated_days_min")
    if values:
        await queries.update(connection, shipping_methods, company_id, method_id, values)
        await tell(connection, "shipping_method.updated", method_id, caller=caller)
    return await read_method(connection, method_id, caller=caller)


async def archive_method(
    connection: AsyncConnection, method_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Take a method out of use; orders keep its name."""
    await _lock_method(connection, method_id, caller=caller, if_match=if_match)
    company_id = caller.require_company()
    await queries.update(connection, shipping_methods, company_id, method_id, {"archived_at": now})
    await tell(connection, "shipping_method.archived", method_id, caller=caller)


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
    zone = await found(connection, shipping_zones, company_id, zone_id)
    if zone["shop_id"] not in (None, current.shop_id):
        raise NotFound
    require_whole(current.currency, free_from_amount=tariff.free_from_amount)
    for place, band in enumerate(tariff.bands):
        require_whole(current.currency, f"/bands/{place}", amount=band.amount)
    try:
        bands = rules.sound_bands([rules.Band(band.from_bound, band.amount) for band in tariff.bands])
    except rules.UnsoundTariff as unsound:
        raise InvalidContent(str(unsound), pointer=f"/{unsound.field}") from None
    values = {"company_id": company_id, "method_id": method_id, "zone_id": zone_id}
    await queries.replace_tariff(connection, {**values, **tariff.model_dump(exclude={"bands"})}, bands)
    await queries.update(connection, shipping_methods, company_id, method_id, {"updated_at": now})
    await tell(connection, "shipping_method.updated", method_id, caller=caller)
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
    await tell(connection, "shipping_method.updated", method_id, caller=caller)


# What they share ------------------------------------------------------------------------------------
async def _lock_method(
    connection: AsyncConnection, method_id: UUID, *, caller: Caller, if_match: str | None
) -> MethodRead:
    row = await found(connection, shipping_methods, caller.require_company(), method_id, for_update=True)
    current = await read_method(connection, method_id, caller=caller)
    require_right(caller, row["shop_id"])
    require_version(if_match, current)
    return current


def _tariff(row: queries.Row) -> TariffRead:
    bands = [
        BandRead(from_bound=bound, amount=amount)
        for bound, amount in zip(row["bounds"], row["amounts"], strict=True)
    ]
    return TariffRead.model_validate({**row, "bands": bands})


async def _require_carrier(connection: AsyncConnection, company_id: UUID, carrier_id: UUID | None) -> None:
    if carrier_id is not None and await queries.find(connection, carriers, company_id, carrier_id) is None:
        raise UnknownReference("There is no such carrier.", pointer="/carrier_id")
