"""Cycle counts of a location's stock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, KeyedRequest, Outcome, answer_once
from api.inventory import count_queries, counts
from api.inventory.count_schemas import (
    CountClose,
    CountCreate,
    CountEntries,
    CountPage,
    CountRead,
    CountStatus,
    CountSummary,
)
from api.inventory.errors import CountIncomplete, CountOpen, InsufficientStock
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from core.postgres.pools import Database
from core.postgres.transaction import transaction

router = APIRouter(prefix="/inventory/counts", tags=["inventory"])
Step = Callable[[AsyncConnection], Awaitable[CountRead]]


@router.post(
    "",
    status_code=201,
    response_model=CountRead,
    responses=responses_for(CountOpen, UnknownReference, *IDEMPOTENCY_ERRORS),
)
async def open_count(
    count: CountCreate, key: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Open a sheet to count a location's variants on."""
    return await _answer(
        database,
        key,
        lambda connection: counts.open_count(connection, count, caller=caller, now=now),
        status_code=201,
    )


@router.get("", responses=responses_for(InvalidCursor))
async def list_counts(
    caller: CurrentCaller,
    database: AppDatabase,
    status: CountStatus | None = None,
    location_id: UUID | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> CountPage:
    """List count sheets, newest first."""
    company_id = caller.require_company()
    binding = binding_of("counts", status=status, location_id=location_id)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await count_queries.list_counts(
            connection,
            company_id,
            shop_ids=caller.reachable_shop_ids,
            status=status,
            location_id=location_id,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return CountPage(items=[CountSummary.model_validate(dict(row)) for row in page], next_cursor=next_cursor)


@router.get("/{count_id}", responses=responses_for(NotFound))
async def read_count(count_id: UUID, caller: CurrentCaller, database: AppDatabase) -> CountRead:
    """Read a sheet with its lines; of a blind one, nothing that is expected while it is open."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await counts.read_count(connection, count_id, caller=caller)


@router.post(
    "/{count_id}/entries",
    response_model=CountRead,
    responses=responses_for(NotFound, IllegalTransition, CountOpen, UnknownReference, *IDEMPOTENCY_ERRORS),
)
async def enter_counted(
    count_id: UUID,
    counted: CountEntries,
    key: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Enter counted units; entering a variant again replaces its count."""
    return await _answer(
        database,
        key,
        lambda connection: counts.enter(connection, count_id, counted.entries, caller=caller, now=now),
    )


@router.post(
    "/{count_id}/close",
    response_model=CountRead,
    responses=responses_for(
        NotFound, IllegalTransition, CountIncomplete, InsufficientStock, *IDEMPOTENCY_ERRORS
    ),
)
async def close_count(
    count_id: UUID,
    closing: CountClose,
    key: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Close a sheet: each difference becomes a ledger row of reason count."""
    return await _answer(
        database,
        key,
        lambda connection: counts.close_count(
            connection, count_id, leave_uncounted=closing.leave_uncounted, caller=caller, now=now
        ),
    )


@router.post(
    "/{count_id}/cancel",
    response_model=CountRead,
    responses=responses_for(NotFound, IllegalTransition, *IDEMPOTENCY_ERRORS),
)
async def cancel_count(
    count_id: UUID, key: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Throw a sheet away; stock stays as it is."""
    return await _answer(
        database, key, lambda connection: counts.cancel_count(connection, count_id, caller=caller, now=now)
    )


async def _answer(database: Database, key: KeyedRequest, step: Step, *, status_code: int = 200) -> Response:
    async def work(connection: AsyncConnection) -> Outcome:
        count = await step(connection)
        return Outcome(count, count.id)

    return await answer_once(database, key, work, status_code=status_code)
