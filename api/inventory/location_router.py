"""Locations: where stock lies, and which shops draw on it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import Caller, CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    AlreadyExists,
    NotFound,
    UnknownReference,
    responses_for,
)
from api.idempotency import Keyed, Outcome, answer_once
from api.inventory import locations
from api.inventory.errors import LocationNotEmpty, SystemLocation
from api.inventory.location_schemas import (
    LocationCreate,
    LocationKind,
    LocationPage,
    LocationRead,
    LocationUpdate,
    ShopDraw,
)
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/locations", tags=["locations"])
_CHANGED = responses_for(NotFound, SystemLocation, *VERSION_ERRORS)


@router.post(
    "",
    status_code=201,
    response_model=LocationRead,
    responses=responses_for(AlreadyExists, *IDEMPOTENCY_ERRORS),
)
async def create_location(
    location: LocationCreate, key: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a location; its code is unique in the company."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await locations.create_location(connection, location, caller=caller)
        return Outcome(created, created.id)

    return await answer_once(database, key, work)


@router.get("", responses=responses_for(InvalidCursor))
async def list_locations(
    caller: CurrentCaller,
    database: AppDatabase,
    kind: LocationKind | None = None,
    is_active: bool | None = None,
    shop_id: Annotated[UUID | None, Query(description="Those on which the shop draws")] = None,
    include_archived: bool = False,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> LocationPage:
    """List locations by code."""
    filters = {
        "kind": kind,
        "is_active": is_active,
        "shop_id": shop_id,
        "include_archived": include_archived,
    }
    binding = binding_of("locations by code", **filters)
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await locations.list_locations(
            connection,
            caller=caller,
            kind=kind,
            is_active=is_active,
            shop_id=shop_id,
            include_archived=include_archived,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["code"], row["id"])
    )
    return LocationPage(
        items=[LocationRead.model_validate(dict(row)) for row in page], next_cursor=next_cursor
    )


@router.get("/{location_id}", response_model=LocationRead, responses=responses_for(NotFound))
async def read_location(
    location_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a location and the shops that draw on it."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return answer(await locations.read_location(connection, location_id, caller=caller), request)


@router.patch(
    "/{location_id}",
    response_model=LocationRead,
    responses=responses_for(NotFound, SystemLocation, AlreadyExists, *VERSION_ERRORS),
)
async def update_location(
    location_id: UUID,
    changes: LocationUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change some of a location's fields."""

    async def work(connection: AsyncConnection) -> LocationRead:
        return await locations.update_location(
            connection, location_id, changes, caller=caller, if_match=if_match
        )

    return answer(await _in_transaction(database, caller, work), request)


@router.delete(
    "/{location_id}",
    response_model=LocationRead,
    responses=responses_for(NotFound, SystemLocation, LocationNotEmpty, *VERSION_ERRORS),
)
async def archive_location(
    location_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Take an empty location out of use; its ledger stays."""

    async def work(connection: AsyncConnection) -> LocationRead:
        return await locations.archive_location(
            connection, location_id, caller=caller, if_match=if_match, now=now
        )

    return answer(await _in_transaction(database, caller, work), request)


@router.put(
    "/{location_id}/shops/{shop_id}",
    response_model=LocationRead,
    responses=responses_for(NotFound, SystemLocation, UnknownReference, *VERSION_ERRORS),
)
async def put_shop(
    location_id: UUID,
    shop_id: UUID,
    draw: ShopDraw,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Let a shop draw on the location, with a priority."""

    async def work(connection: AsyncConnection) -> LocationRead:
        return await locations.put_shop(
            connection, location_id, shop_id, priority=draw.priority, caller=caller, if_match=if_match
        )

    return answer(await _in_transaction(database, caller, work), request)


@router.delete("/{location_id}/shops/{shop_id}", response_model=LocationRead, responses=_CHANGED)
async def remove_shop(
    location_id: UUID,
    shop_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Let a shop no longer draw on the location; what is reserved there for its orders stays."""

    async def work(connection: AsyncConnection) -> LocationRead:
        return await locations.put_shop(
            connection, location_id, shop_id, priority=None, caller=caller, if_match=if_match
        )

    return answer(await _in_transaction(database, caller, work), request)


async def _in_transaction(database: Database, caller: Caller, work: locations.Work) -> LocationRead:
    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
