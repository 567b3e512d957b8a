"""Tags: list, rename, put on products and take off."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.catalog import tag_service as service
from api.catalog.display_schemas import TagCreate, TagRead, TagUpdate
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/tags", tags=["tags"])


@router.get("", responses=responses_for(InvalidCursor))
async def list_tags(
    caller: CurrentCaller,
    database: AppDatabase,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[TagRead]:
    """List tags by slug, with the number of products that carry each."""
    binding = binding_of("tags")
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await service.list_tags(
            connection,
            caller=caller,
            after=(after[0], after[1]) if after else None,
            limit=limit,
        )
        page, next_cursor = split_page(
            rows, limit=limit, binding=binding, position_of=lambda row: (row["slug"], row["id"])
        )
        items = await service.describe(connection, company_id, page)
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{tag_id}", response_model=TagRead, responses=responses_for(NotFound))
async def read_tag(
    tag_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read one. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        tag = await service.read_tag(connection, tag_id, caller=caller)
    return answer(tag, request, service.VOLATILE)


@router.post(
    "",
    status_code=201,
    response_model=TagRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists),
)
async def create_tag(tag: TagCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase) -> Response:
    """Make a tag known; a product may also bring a new one with it."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await service.create_tag(connection, tag, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.patch(
    "/{tag_id}",
    response_model=TagRead,
    responses=responses_for(NotFound, AlreadyExists, *VERSION_ERRORS),
)
async def update_tag(
    tag_id: UUID,
    changes: TagUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Rename a tag, on all its products too."""

    async def work(connection: AsyncConnection) -> TagRead:
        return await service.rename_tag(connection, tag_id, changes, caller=caller, if_match=if_match)

    company_id = caller.require_company()
    tag = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(tag, request, service.VOLATILE)


@router.delete("/{tag_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_tag(
    tag_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> None:
    """Archive a tag: it is taken off all products."""

    async def work(connection: AsyncConnection) -> None:
        await service.archive_tag(connection, tag_id, caller=caller, if_match=if_match)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@router.put("/{tag_id}/products/{product_id}", status_code=204, responses=responses_for(NotFound))
async def attach_tag(tag_id: UUID, product_id: UUID, caller: CurrentCaller, database: AppDatabase) -> None:
    """Put a tag on a product."""

    async def work(connection: AsyncConnection) -> None:
        await service.attach_tag(connection, tag_id, product_id, caller=caller)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@router.delete("/{tag_id}/products/{product_id}", status_code=204, responses=responses_for(NotFound))
async def detach_tag(tag_id: UUID, product_id: UUID, caller: CurrentCaller, database: AppDatabase) -> None:
    """Take a tag off a product."""

    async def work(connection: AsyncConnection) -> None:
        await service.detach_tag(connection, tag_id, product_id, caller=caller)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
