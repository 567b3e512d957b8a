"""Orders: place, list, read, cancel, change the status."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, responses_for
from api.idempotency import REPLAYED_HEADER, Keyed, Outcome, answer_once
from api.orders import queries, service
from api.orders.errors import (
    NotOnHand,
    OutOfStock,
    PriceChanged,
    ReturnWindowOpen,
    UnknownCustomer,
    UnknownShop,
    UnknownSku,
)
from api.orders.schemas import (
    OrderCancel,
    OrderCreate,
    OrderRead,
    OrderStatus,
    OrderStatusChange,
    OrderSummary,
)
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.problems import request_id_of
from api.schemas import Page
from core.failpoints import reach
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post(
    "",
    status_code=201,
    response_model=OrderRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS, UnknownSku, UnknownShop, UnknownCustomer, OutOfStock, PriceChanged
    ),
)
async def place_order(
    order: OrderCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase, request: Request
) -> Response:
    """Place an order and hold its stock, or change nothing."""
    result = await service.place_order(
        database, order, caller=caller, request=keyed, request_id=request_id_of(request)
    )
    reach("order_committed", request.app.state.settings)
    headers = {"Location": f"{request.url.path}/{result.order_id}"}
    if result.outcome == "replayed":
        headers[REPLAYED_HEADER] = "true"
    return Response(result.response_body, status_code=201, media_type="application/json", headers=headers)


@router.get("", responses=responses_for(InvalidCursor))
async def list_orders(
    caller: CurrentCaller,
    database: AppDatabase,
    status: OrderStatus | None = None,
    shop_id: UUID | None = None,
    customer_id: UUID | None = None,
    placed_from: Annotated[datetime | None, Query(description="Inclusive")] = None,
    placed_until: Annotated[datetime | None, Query(description="Exclusive")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[OrderSummary]:
    """List orders, newest first: a customer's own, the shops' of their staff, or the company's."""
    wanted = replace(
        service.visible_to(caller),
        status=status,
        shop_id=shop_id,
        customer_id=customer_id,
        placed_from=placed_from,
        placed_until=placed_until,
    )
    binding = binding_of("orders", **vars(wanted))
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_orders(
            connection,
            company_id,
            wanted,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["placed_at"], row["id"])
    )
    return Page(items=[OrderSummary.model_validate(dict(row)) for row in page], next_cursor=next_cursor)


@router.get("/{order_id}", responses=responses_for(NotFound))
async def read_order(order_id: UUID, caller: CurrentCaller, database: AppDatabase) -> OrderRead:
    """Read an order with its lines."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return OrderRead.model_validate(await service.read_order(connection, order_id, caller=caller))


@router.post(
    "/{order_id}/cancel",
    response_model=OrderRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, IllegalTransition),
)
async def cancel_order(
    order_id: UUID,
    cancel: OrderCancel,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Cancel an order that has not left, and give its stock back. Cancelling it again changes nothing."""

    async def work(connection: AsyncConnection) -> Outcome:
        order = await service.cancel_order(connection, order_id, caller=caller, reason=cancel.reason, now=now)
        return Outcome(OrderRead.model_validate(order), resource_id=order_id)

    return await answer_once(database, keyed, work, status_code=200)


@router.patch(
    "/{order_id}/status", responses=responses_for(NotFound, IllegalTransition, NotOnHand, ReturnWindowOpen)
)
async def change_status(
    order_id: UUID, change: OrderStatusChange, caller: CurrentCaller, database: AppDatabase, now: Now
) -> OrderRead:
    """Bring an order to its next status; any other is refused with the current one named."""

    async def work(connection: AsyncConnection) -> OrderRead:
        order = await service.change_status(
            connection, order_id, change.status, caller=caller, note=change.note, now=now
        )
        return OrderRead.model_validate(order)

    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
