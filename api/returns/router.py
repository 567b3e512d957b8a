"""Returns: ask for one, approve or reject it, receive it, pay it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import Caller, CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.orders.access import find_order, visible_to
from api.orders.errors import UnknownOrderLine
from api.orders.guests import OrderCaller, OrderKeyed
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.returns import queries, receiving, service
from api.returns.errors import (
    NothingReceived,
    NotReturnable,
    RefundTooLarge,
    ReturnWindowClosed,
    TooMuchReceived,
    UnknownReturnLine,
    UnknownReturnLocation,
)
from api.returns.reading import read_returns
from api.returns.schemas import (
    ReturnCreate,
    ReturnDecision,
    ReturnList,
    ReturnRead,
    ReturnReceipt,
    ReturnRefund,
    ReturnStatus,
)
from api.schemas import Page
from core.postgres.pools import Database
from core.postgres.transaction import transaction

router = APIRouter(tags=["returns"])
Step = Callable[[AsyncConnection], Awaitable[None]]


@router.post(
    "/orders/{order_id}/return",
    status_code=201,
    response_model=ReturnRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS, NotFound, IllegalTransition, UnknownOrderLine, NotReturnable, ReturnWindowClosed
    ),
)
async def request_return(
    order_id: UUID,
    wanted: ReturnCreate,
    keyed: OrderKeyed,
    caller: OrderCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Ask to send units of an order back: those that arrived within the return window."""

    async def work(connection: AsyncConnection) -> Outcome:
        return_id = await service.request_return(connection, order_id, wanted, caller=caller, now=now)
        return Outcome(await _read(connection, return_id, caller), resource_id=return_id)

    return await answer_once(database, keyed, work)


@router.get("/orders/{order_id}/returns", responses=responses_for(NotFound))
async def list_returns_of(order_id: UUID, caller: OrderCaller, database: AppDatabase) -> ReturnList:
    """List an order's returns, the first first."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await find_order(connection, order_id, caller=caller)
        return ReturnList(items=await read_returns(connection, order["company_id"], order_id))


@router.get("/returns", responses=responses_for(InvalidCursor))
async def list_returns(
    caller: CurrentCaller,
    database: AppDatabase,
    status: ReturnStatus | None = None,
    shop_id: Annotated[UUID | None, Query()] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[ReturnRead]:
    """List returns, newest first: a customer's own, the shops' of their staff, or the company's."""
    seen = visible_to(caller)
    shops, customer_id = seen.reachable_shop_ids, seen.own_customer_id
    binding = binding_of("returns", **vars(seen), wanted_status=status, wanted_shop=shop_id)
    after = decode_cursor(cursor, binding=binding, types=(UUID,))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_returns(
            connection,
            company_id,
            shop_ids=shops,
            customer_id=customer_id,
            shop_id=shop_id,
            status=status,
            before=None if after is None else after[0],
            limit=limit,
        )
    page, next_cursor = split_page(rows, limit=limit, binding=binding, position_of=lambda row: (row["id"],))
    return Page(items=[ReturnRead.model_validate(row) for row in page], next_cursor=next_cursor)


@router.get("/returns/{return_id}", responses=responses_for(NotFound))
async def get_return(return_id: UUID, caller: OrderCaller, database: AppDatabase) -> ReturnRead:
    """Read a return with its lines."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await _read(connection, return_id, caller)


@router.post(
    "/returns/{return_id}/approve",
    response_model=ReturnRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, IllegalTransition),
)
async def approve_return(
    return_id: UUID,
    decision: ReturnDecision,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Approve a return: the customer may send the goods."""

    async def step(connection: AsyncConnection) -> None:
        await service.decide(connection, return_id, "approved", caller=caller, note=decision.note, now=now)

    return await _answer(database, keyed, return_id, caller, step)


@router.post(
    "/returns/{return_id}/reject",
    response_model=ReturnRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, IllegalTransition),
)
async def reject_return(
    return_id: UUID,
    decision: ReturnDecision,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Reject a return, before its approval or because nothing came after it."""

    async def step(connection: AsyncConnection) -> None:
        await service.decide(connection, return_id, "rejected", caller=caller, note=decision.note, now=now)

    return await _answer(database, keyed, return_id, caller, step)


@router.post(
    "/returns/{return_id}/receive",
    response_model=ReturnRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        NotFound,
        IllegalTransition,
        UnknownReturnLine,
        TooMuchReceived,
        NothingReceived,
        UnknownReturnLocation,
    ),
)
async def receive_return(
    return_id: UUID,
    receipt: ReturnReceipt,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Take in what came, each unit back to stock or written off."""

    async def step(connection: AsyncConnection) -> None:
        await receiving.receive(connection, return_id, receipt, caller=caller, now=now)

    return await _answer(database, keyed, return_id, caller, step)


@router.post(
    "/returns/{return_id}/refund",
    response_model=ReturnRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, IllegalTransition, RefundTooLarge),
)
async def refund_return(
    return_id: UUID,
    refund: ReturnRefund,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Pay back what came: what the units were paid with, or less."""

    async def step(connection: AsyncConnection) -> None:
        await receiving.refund(connection, return_id, refund, caller=caller, now=now)

    return await _answer(database, keyed, return_id, caller, step)


async def _answer(database: Database, keyed: Keyed, return_id: UUID, caller: Caller, step: Step) -> Response:
    async def work(connection: AsyncConnection) -> Outcome:
        await step(connection)
        return Outcome(await _read(connection, return_id, caller), resource_id=return_id)

    return await answer_once(database, keyed, work, status_code=200)


async def _read(connection: AsyncConnection, return_id: UUID, caller: Caller) -> ReturnRead:
    found = await service.find_visible(connection, return_id, caller=caller)
    lines = await queries.list_lines(connection, found["company_id"], return_id)
    return ReturnRead.model_validate({**found, "lines": lines})
