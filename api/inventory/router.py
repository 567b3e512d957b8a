"""Stock: levels, movements, adjustments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.inventory import queries, service
from api.inventory.errors import InsufficientStock, OnHandChanged
from api.inventory.schemas import AdjustmentCreate, LedgerReason, LevelRead, MovementRead, StockStatus
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.transaction import transaction

router = APIRouter(prefix="/inventory", tags=["inventory"])


@router.get("/levels", responses=responses_for(InvalidCursor))
async def list_levels(
    caller: CurrentCaller,
    database: AppDatabase,
    location_id: UUID | None = None,
    variant_id: UUID | None = None,
    stock_status: StockStatus | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[LevelRead]:
    """List stock by location and variant."""
    company_id = caller.require_company()
    filters = {"location_id": location_id, "variant_id": variant_id, "stock_status": stock_status}
    binding = binding_of("levels", **filters)
    after = decode_cursor(cursor, binding=binding, types=(UUID, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_levels(
            connection,
            company_id,
            shop_ids=caller.reachable_shop_ids,
            filters=filters,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["location_id"], row["variant_id"])
    )
    return Page(items=[LevelRead.model_validate(dict(row)) for row in page], next_cursor=next_cursor)


@router.get("/movements", responses=responses_for(InvalidCursor))
async def list_movements(
    caller: CurrentCaller,
    database: AppDatabase,
    location_id: UUID | None = None,
    variant_id: UUID | None = None,
    reason: LedgerReason | None = None,
    occurred_from: Annotated[datetime | None, Query(description="Inclusive")] = None,
    occurred_until: Annotated[datetime | None, Query(description="Exclusive")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[MovementRead]:
    """List what came to and left the locations, newest first."""
    company_id = caller.require_company()
    filters = {"location_id": location_id, "variant_id": variant_id, "reason": reason}
    binding = binding_of("movements", **filters, since=occurred_from, until=occurred_until)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_movements(
            connection,
            company_id,
            shop_ids=caller.reachable_shop_ids,
            filters=filters,
            occurred_from=occurred_from,
            occurred_until=occurred_until,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["occurred_at"], row["id"])
    )
    return Page(items=[MovementRead.model_validate(dict(row)) for row in page], next_cursor=next_cursor)


@router.post(
    "/adjustments",
    status_code=201,
    response_model=LevelRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, UnknownReference, InsufficientStock, OnHandChanged),
)
async def adjust_stock(
    adjustment: AdjustmentCreate, request: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Correct the units on hand, with a reason; the ledger keeps it."""

    async def work(connection: AsyncConnection) -> Outcome:
        level = await service.adjust(connection, adjustment, caller=caller, now=now)
        return Outcome(LevelRead.model_validate(dict(level)))

    return await answer_once(database, request, work)
