"""Stock: levels and their policies, movements, reservations, adjustments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.inventory import policies, queries, service
from api.inventory.errors import InsufficientStock, OnHandChanged
from api.inventory.schemas import (
    AdjustmentCreate,
    LedgerReason,
    LevelRead,
    MovementRead,
    PolicyRead,
    PolicyUpdate,
    ReservationRead,
    ReservationStatus,
    StockStatus,
)
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Instant, Page
from core.postgres.transaction import run_in_transaction, transaction

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
    reference_type: Annotated[str | None, Query(max_length=50)] = None,
    reference_id: Annotated[UUID | None, Query(description="Receipt, shipment, transfer, count…")] = None,
    occurred_from: Annotated[Instant | None, Query(description="Inclusive")] = None,
    occurred_until: Annotated[Instant | None, Query(description="Exclusive")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[MovementRead]:
    """List what came to and left the locations, newest first."""
    company_id = caller.require_company()
    filters = {
        "location_id": location_id,
        "variant_id": variant_id,
        "reason": reason,
        "reference_type": reference_type,
        "reference_id": reference_id,
    }
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


@router.get("/reservations", responses=responses_for(InvalidCursor))
async def list_reservations(
    caller: CurrentCaller,
    database: AppDatabase,
    location_id: UUID | None = None,
    variant_id: UUID | None = None,
    owner_id: Annotated[UUID | None, Query(description="The order or cart")] = None,
    status: ReservationStatus | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[ReservationRead]:
    """List what is promised to whom, newest first."""
    company_id = caller.require_company()
    filters = {
        "location_id": location_id,
        "variant_id": variant_id,
        "owner_id": owner_id,
        "status": status,
    }
    binding = binding_of("reservations", **filters)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_reservations(
            connection,
            company_id,
            shop_ids=caller.reachable_shop_ids,
            filters=filters,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[ReservationRead.model_validate(dict(row)) for row in page], next_cursor=next_cursor)


@router.get(
    "/levels/{location_id}/{variant_id}/policy",
    response_model=PolicyRead,
    responses=responses_for(NotFound),
)
async def read_policy(
    location_id: UUID,
    variant_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read when a variant is low at a location, and whether it may be promised without being there."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        policy = await policies.read_policy(connection, location_id, variant_id, caller=caller)
    return answer(policy, request)


@router.patch(
    "/levels/{location_id}/{variant_id}/policy",
    response_model=PolicyRead,
    responses=responses_for(NotFound, InsufficientStock, *VERSION_ERRORS),
)
async def change_policy(
    location_id: UUID,
    variant_id: UUID,
    changes: PolicyUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change the threshold, or whether backorders are taken."""

    async def work(connection: AsyncConnection) -> PolicyRead:
        return await policies.change_policy(
            connection, location_id, variant_id, changes, caller=caller, if_match=if_match
        )

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


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
