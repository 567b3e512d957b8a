"""Planned prices of a product, and the history of its prices and costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller, CurrentCaller
from api.catalog import prices, service
from api.catalog.errors import PriceNotBelowRegular, SchedulesOverlap
from api.catalog.price_schemas import (
    CostHistoryRead,
    PriceHistoryRead,
    PriceScheduleCreate,
    PriceScheduleList,
    PriceScheduleRead,
)
from api.catalog.records import Row
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, Conflict, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Page
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/products/{product_id}", tags=["products"])


@router.get("/price-schedules", responses=responses_for(NotFound))
async def list_price_schedules(
    product_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now
) -> PriceScheduleList:
    """List a product's planned prices, newest start first, past ones too."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        await service.read_product(connection, product_id, caller=caller)
        items = await prices.list_schedules(connection, product_id, company_id=company_id, now=now)
    return PriceScheduleList(items=items)


@router.post(
    "/price-schedules",
    status_code=201,
    response_model=PriceScheduleRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, SchedulesOverlap, Conflict, PriceNotBelowRegular),
)
async def create_price_schedule(
    product_id: UUID,
    schedule: PriceScheduleCreate,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Plan a price. It sells from its very start, and no longer than until its end."""

    async def work(connection: AsyncConnection) -> Outcome:
        product = await service.lock_product(connection, product_id, caller=caller)
        created = await prices.create_schedule(connection, product, schedule, caller=caller, now=now)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.delete("/price-schedules/{schedule_id}", status_code=204, responses=responses_for(NotFound, Conflict))
async def cancel_price_schedule(
    product_id: UUID, schedule_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now
) -> None:
    """Cancel a planned price; one that holds ends now."""

    async def work(connection: AsyncConnection) -> None:
        product = await service.lock_product(connection, product_id, caller=caller)
        await prices.cancel_schedule(connection, product, schedule_id, caller=caller, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)


@router.get("/price-history", responses=responses_for(NotFound, InvalidCursor))
async def list_price_history(
    product_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    variant_id: UUID | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[PriceHistoryRead]:
    """List what the product's variants sold for, newest first."""
    rows, next_cursor = await _history(
        product_id, variant_id, caller, database, cursor=cursor, limit=limit, is_cost=False
    )
    return Page(items=[PriceHistoryRead.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/cost-history", responses=responses_for(NotFound, InvalidCursor))
async def list_cost_history(
    product_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    variant_id: UUID | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[CostHistoryRead]:
    """List what the product's variants cost us, newest first."""
    rows, next_cursor = await _history(
        product_id, variant_id, caller, database, cursor=cursor, limit=limit, is_cost=True
    )
    return Page(items=[CostHistoryRead.model_validate(row) for row in rows], next_cursor=next_cursor)


async def _history(
    product_id: UUID,
    variant_id: UUID | None,
    caller: Caller,
    database: Database,
    *,
    cursor: str | None,
    limit: int,
    is_cost: bool,
) -> tuple[Sequence[Row], str | None]:
    binding = binding_of("history", product_id=product_id, variant_id=variant_id, is_cost=is_cost)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        await service.read_product(connection, product_id, caller=caller)
        rows = await prices.list_history(
            connection,
            product_id,
            company_id=company_id,
            is_cost=is_cost,
            variant_id=variant_id,
            after=(after[0], after[1]) if after else None,
            limit=limit,
        )
    return split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["valid_from"], row["id"])
    )
