"""Size charts: measurements by size, one chart per category and gender."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.access import CurrentCaller
from api.catalog import size_charts as service
from api.catalog.display_schemas import Gender, SizeChartCreate, SizeChartRead, SizeChartUpdate
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/size-charts", tags=["size charts"])


@router.get("", responses=responses_for(InvalidCursor))
async def list_size_charts(
    caller: CurrentCaller,
    database: AppDatabase,
    category_id: UUID | None = None,
    gender: Gender | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[SizeChartRead]:
    """List size charts by name."""
    binding = binding_of("size_charts", category_id=category_id, gender=gender)
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await service.list_size_charts(
            connection,
            caller=caller,
            category_id=category_id,
            gender=gender,
            after=(after[0], after[1]) if after else None,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["name"], row["id"])
    )
    items = [SizeChartRead.model_validate(row) for row in page]
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{size_chart_id}", response_model=SizeChartRead, responses=responses_for(NotFound))
async def read_size_chart(
    size_chart_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read one. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        size_chart = await service.read_size_chart(connection, size_chart_id, caller=caller)
    return answer(size_chart, request, service.VOLATILE)


@router.post(
    "",
    status_code=201,
    response_model=SizeChartRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, AlreadyExists, UnknownReference),
)
async def create_size_chart(
    size_chart: SizeChartCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase
) -> Response:
    """Create the size chart of a category and gender."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await service.create_size_chart(connection, size_chart, caller=caller)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.patch(
    "/{size_chart_id}",
    response_model=SizeChartRead,
    responses=responses_for(NotFound, AlreadyExists, UnknownReference, *VERSION_ERRORS),
)
async def update_size_chart(
    size_chart_id: UUID,
    changes: SizeChartUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a size chart; what is left out stays."""

    async def work(connection: AsyncConnection) -> SizeChartRead:
        return await service.update_size_chart(
            connection, size_chart_id, changes, caller=caller, if_match=if_match
        )

    company_id = caller.require_company()
    size_chart = await run_in_transaction(database, work, company_id=company_id, user_id=caller.user_id)
    return answer(size_chart, request, service.VOLATILE)


@router.delete("/{size_chart_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_size_chart(
    size_chart_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> None:
    """Archive a size chart; another may take its place."""

    async def work(connection: AsyncConnection) -> None:
        await service.archive_size_chart(connection, size_chart_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
