"""One order: look it up, read it with what is around it, cancel it, bring it on, note on it, its history."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, responses_for
from api.idempotency import MaybeKeyed, Outcome, answer_maybe_once, answer_once
from api.orders import statuses
from api.orders.access import find_order
from api.orders.errors import NotOnHand, ReturnOpen, ReturnWindowOpen, TooManyUnits, UnknownOrderLine
from api.orders.guests import OrderCaller, OrderKeyed
from api.orders.reading import Expansion, look_up, read_detail, read_history, read_order
from api.orders.schemas import (
    HistoryList,
    OrderCancel,
    OrderDetail,
    OrderLookup,
    OrderNotes,
    OrderRead,
    OrderStatusChange,
)
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post("/lookup", responses=responses_for(NotFound))
async def look_up_order(wanted: OrderLookup, caller: CurrentCaller, database: AppDatabase) -> OrderRead:
    """Find a guest's order by its number and e-mail address, in the shop that sold it.

    The order's other routes open to the guest with the header ``X-Order-Email``, or with the ``X-Cart-Token``
    that bought it. Where either part is wrong the answer is the same.
    """
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await look_up(connection, wanted, caller=caller)


@router.get("/{order_id}", responses=responses_for(NotFound))
async def get_order(
    order_id: UUID,
    caller: OrderCaller,
    database: AppDatabase,
    expand: Annotated[list[Expansion] | None, Query(max_length=4, description="What to read with it")] = None,
) -> OrderDetail:
    """Read an order with its lines; `expand` adds history, shipments, returns and payments."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await read_detail(connection, order_id, caller=caller, expand=expand or ())


@router.get("/{order_id}/history", responses=responses_for(NotFound))
async def get_history(order_id: UUID, caller: OrderCaller, database: AppDatabase) -> HistoryList:
    """Read what happened to an order: what, when, by whom and why, oldest first."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await find_order(connection, order_id, caller=caller)
        return HistoryList(items=await read_history(connection, order["company_id"], order_id))


@router.post(
    "/{order_id}/cancel",
    response_model=OrderRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, IllegalTransition, UnknownOrderLine, TooManyUnits),
)
async def cancel_order(
    order_id: UUID,
    cancel: OrderCancel,
    keyed: OrderKeyed,
    caller: OrderCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Cancel what of an order has not left, or some units of it: stock, coupon and money go back once."""

    async def work(connection: AsyncConnection) -> Outcome:
        await statuses.cancel_order(connection, order_id, cancel, caller=caller, now=now)
        return Outcome(await read_order(connection, order_id, caller=caller), resource_id=order_id)

    return await answer_once(database, keyed, work, status_code=200)


@router.patch(
    "/{order_id}/status",
    response_model=OrderRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS, NotFound, IllegalTransition, NotOnHand, ReturnWindowOpen, ReturnOpen
    ),
)
async def change_status(
    order_id: UUID,
    change: OrderStatusChange,
    keyed: MaybeKeyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Bring an order to its next status; any other is refused with the current one named."""

    async def work(connection: AsyncConnection) -> Outcome:
        await statuses.change_status(
            connection, order_id, change.status, caller=caller, note=change.note, now=now
        )
        return Outcome(await read_order(connection, order_id, caller=caller), resource_id=order_id)

    return await answer_maybe_once(database, keyed, work, caller=caller, status_code=200)


@router.patch("/{order_id}", responses=responses_for(NotFound, IllegalTransition))
async def change_notes(
    order_id: UUID, notes: OrderNotes, caller: OrderCaller, database: AppDatabase, now: Now
) -> OrderDetail:
    """Write the customer's or the staff's note of an order."""

    async def work(connection: AsyncConnection) -> OrderDetail:
        await statuses.change_notes(connection, order_id, notes, caller=caller, now=now)
        return await read_detail(connection, order_id, caller=caller, expand=())

    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
