"""Shipping methods with their tariffs and quotes, and carriers; zones are in the module beside it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.currency import currency_of
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.orders.errors import UnknownShop, UnknownSku
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from api.shipping import administration, queries, storefront
from api.shipping.keeping import is_shopper, shops_of
from api.shipping.schemas import (
    CarrierCreate,
    CarrierRead,
    CarrierUpdate,
    MethodCreate,
    MethodRead,
    MethodSummary,
    MethodUpdate,
    QuoteList,
    QuoteRequest,
    TariffWrite,
)
from api.shipping.zones_router import router as zones
from core.postgres.transaction import run_in_transaction, transaction

methods = APIRouter(prefix="/shipping-methods", tags=["shipping"])
carriers = APIRouter(prefix="/carriers", tags=["shipping"])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}
IsActive = Annotated[bool | None, Query(description="Only those in use, or only those not")]


@methods.post("/quotes", responses=responses_for(UnknownShop, UnknownSku))
async def quote_methods(wanted: QuoteRequest, caller: CurrentCaller, database: AppDatabase) -> QuoteList:
    """Tell what each method costs for goods of one shop that go somewhere. Nothing is changed."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return await storefront.quote(connection, wanted, caller=caller)


@methods.get("", responses=responses_for(InvalidCursor))
async def list_methods(
    caller: CurrentCaller,
    database: AppDatabase,
    is_active: IsActive = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[MethodSummary]:
    """List methods by code; shoppers see those in use."""
    company_id, shop_ids = caller.require_company(), shops_of(caller)
    wanted = True if is_shopper(caller) else is_active
    binding = binding_of("shipping methods", is_active=is_active, shop_ids=sorted(map(str, shop_ids or [])))
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_methods(
            connection,
            company_id,
            shop_ids=shop_ids,
            is_active=wanted,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
        currency = await currency_of(connection, company_id)
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["code"], row["id"])
    )
    items = [MethodSummary.model_validate({**row, "currency": currency}) for row in page]
    return Page(items=items, next_cursor=next_cursor)


@methods.post(
    "",
    status_code=201,
    response_model=MethodRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists, UnknownReference),
)
async def create_method(
    method: MethodCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a method. Say next what it costs: PUT …/tariffs/{zone_id}."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await administration.create_method(connection, method, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@methods.get("/{method_id}", response_model=MethodRead, responses=NOT_MODIFIED | responses_for(NotFound))
async def read_method(
    method_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a method with its tariffs. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await administration.read_method(connection, method_id, caller=caller), request)


@methods.patch(
    "/{method_id}",
    response_model=MethodRead,
    responses=responses_for(NotFound, AlreadyExists, UnknownReference, *VERSION_ERRORS),
)
async def update_method(
    method_id: UUID,
    changes: MethodUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a method. Orders that are placed keep what they were charged."""

    async def work(connection: AsyncConnection) -> MethodRead:
        return await administration.change_method(
            connection, method_id, changes, caller=caller, if_match=if_match
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@methods.delete("/{method_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_method(
    method_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a method: it is offered no more."""

    async def work(connection: AsyncConnection) -> None:
        await administration.archive_method(connection, method_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@methods.put(
    "/{method_id}/tariffs/{zone_id}",
    response_model=MethodRead,
    responses=responses_for(NotFound, *VERSION_ERRORS),
)
async def put_tariff(
    method_id: UUID,
    zone_id: UUID,
    tariff: TariffWrite,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Say what a method costs in a zone, all bands at once. If-Match names the method's version."""

    async def work(connection: AsyncConnection) -> MethodRead:
        return await administration.put_tariff(
            connection, method_id, zone_id, tariff, caller=caller, if_match=if_match, now=now
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@methods.delete(
    "/{method_id}/tariffs/{zone_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS)
)
async def remove_tariff(
    method_id: UUID,
    zone_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> None:
    """Offer a method in a zone no more. If-Match names the method's version."""

    async def work(connection: AsyncConnection) -> None:
        await administration.remove_tariff(
            connection, method_id, zone_id, caller=caller, if_match=if_match, now=now
        )

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@carriers.get("", responses=responses_for(InvalidCursor))
async def list_carriers(
    caller: CurrentCaller,
    database: AppDatabase,
    is_active: IsActive = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[CarrierRead]:
    """List carriers by code."""
    company_id = caller.require_company()
    binding = binding_of("carriers", is_active=is_active)
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_carriers(
            connection,
            company_id,
            is_active=is_active,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["code"], row["id"])
    )
    return Page(items=[CarrierRead.model_validate(row) for row in page], next_cursor=next_cursor)


@carriers.post(
    "",
    status_code=201,
    response_model=CarrierRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists),
)
async def create_carrier(
    carrier: CarrierCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a carrier, with the address at which its parcels can be followed."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await administration.create_carrier(connection, carrier, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@carriers.get("/{carrier_id}", response_model=CarrierRead, responses=NOT_MODIFIED | responses_for(NotFound))
async def read_carrier(
    carrier_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a carrier. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await administration.read_carrier(connection, company_id, carrier_id), request)


@carriers.patch(
    "/{carrier_id}",
    response_model=CarrierRead,
    responses=responses_for(NotFound, AlreadyExists, *VERSION_ERRORS),
)
async def update_carrier(
    carrier_id: UUID,
    changes: CarrierUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a carrier."""

    async def work(connection: AsyncConnection) -> CarrierRead:
        return await administration.change_carrier(
            connection, carrier_id, changes, caller=caller, if_match=if_match
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@carriers.delete("/{carrier_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_carrier(
    carrier_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a carrier; methods and shipments that name it keep its name."""

    async def work(connection: AsyncConnection) -> None:
        await administration.archive_carrier(
            connection, carrier_id, caller=caller, if_match=if_match, now=now
        )

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


router = APIRouter()
for part in (methods, zones, carriers):
    router.include_router(part)
