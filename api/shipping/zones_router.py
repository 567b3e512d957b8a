"""Shipping zones: places that cost the same."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from api.shipping import queries, zones
from api.shipping.keeping import shops_of
from api.shipping.schemas import ZoneCreate, ZoneRead, ZoneSummary, ZoneUpdate
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/shipping-zones", tags=["shipping"])
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}


@router.get("", responses=responses_for(InvalidCursor))
async def list_zones(
    caller: CurrentCaller,
    database: AppDatabase,
    is_active: Annotated[bool | None, Query(description="Only those in use, or only those not")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[ZoneSummary]:
    """List zones by name, without their places."""
    company_id, shop_ids = caller.require_company(), shops_of(caller)
    binding = binding_of("shipping zones", is_active=is_active, shop_ids=sorted(map(str, shop_ids or [])))
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_zones(
            connection,
            company_id,
            shop_ids=shop_ids,
            is_active=is_active,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["name"], row["id"])
    )
    return Page(items=[ZoneSummary.model_validate(row) for row in page], next_cursor=next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=ZoneRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists, UnknownReference),
)
async def create_zone(
    zone: ZoneCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Add a zone with its places: countries, regions, postal codes by prefix or range."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await zones.create_zone(connection, zone, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.get("/{zone_id}", response_model=ZoneRead, responses=_NOT_MODIFIED | responses_for(NotFound))
async def read_zone(
    zone_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a zone with its places. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await zones.read_zone(connection, zone_id, caller=caller), request)


@router.patch(
    "/{zone_id}",
    response_model=ZoneRead,
    responses=responses_for(NotFound, AlreadyExists, *VERSION_ERRORS),
)
async def update_zone(
    zone_id: UUID,
    changes: ZoneUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Change a zone; its places are replaced as a whole."""

    async def work(connection: AsyncConnection) -> ZoneRead:
        return await zones.change_zone(
            connection, zone_id, changes, caller=caller, if_match=if_match, now=now
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@router.delete("/{zone_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_zone(
    zone_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a zone: its places fall to the next less specific one."""

    async def work(connection: AsyncConnection) -> None:
        await zones.archive_zone(connection, zone_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
