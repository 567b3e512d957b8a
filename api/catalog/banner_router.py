"""Banners: what is shown where, and from when until when."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.catalog import banners as service
from api.catalog.display_schemas import BannerCreate, BannerRead, BannerUpdate, Position
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/banners", tags=["banners"])


@router.get("", responses=responses_for(InvalidCursor))
async def list_banners(
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    position: Position | None = None,
    category_id: UUID | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[BannerRead]:
    """List banners by position, each in its display order. Shoppers see those that are on show now."""
    binding = binding_of("banners", position=position, category_id=category_id)
    after = decode_cursor(cursor, binding=binding, types=(str, int, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await service.list_banners(
            connection,
            caller=caller,
            position=position,
            category_id=category_id,
            now=now,
            after=(after[0], after[1], after[2]) if after else None,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows,
        limit=limit,
        binding=binding,
        position_of=lambda row: (row["position"], row["display_order"], row["id"]),
    )
    items = [BannerRead.model_validate(row) for row in page]
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{banner_id}", response_model=BannerRead, responses=responses_for(NotFound))
async def read_banner(
    banner_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read one. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        banner = await service.read_banner(connection, banner_id, caller=caller, now=now)
    return answer(banner, request, service.VOLATILE)


@router.post(
    "",
    status_code=201,
    response_model=BannerRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists, UnknownReference),
)
async def create_banner(
    banner: BannerCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Create a banner."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await service.create_banner(connection, banner, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.patch(
    "/{banner_id}",
    response_model=BannerRead,
    responses=responses_for(NotFound, AlreadyExists, UnknownReference, *VERSION_ERRORS),
)
async def update_banner(
    banner_id: UUID,
    changes: BannerUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Change a banner; what is left out stays."""

    async def work(connection: AsyncConnection) -> BannerRead:
        return await service.update_banner(
            connection, banner_id, changes, caller=caller, if_match=if_match, now=now
        )

    company_id = caller.require_company()
    banner = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(banner, request, service.VOLATILE)


@router.delete("/{banner_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_banner(
    banner_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> None:
    """Archive a banner."""

    async def work(connection: AsyncConnection) -> None:
        await service.archive_banner(connection, banner_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
