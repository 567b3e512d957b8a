"""Reading one order, with as much around it as is asked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.fulfilment.reading import read_shipments
from api.orders.access import find_numbered_order, find_order
from api.orders.guests import as_guest
from api.orders.history import list_history
from api.orders.lines import list_lines
from api.orders.refunds import payments_summary
from api.orders.schemas import HistoryRead, OrderDetail, OrderLookup, OrderRead, PaymentsSummary
from api.permissions import Scope
from api.returns.reading import read_returns

Expansion = Literal["history", "shipments", "returns", "payments"]


async def read_order(connection: AsyncConnection, order_id: UUID, *, caller: Caller) -> OrderRead:
    """Return an order with its lines."""
    order = await find_order(connection, order_id, caller=caller)
    lines = await list_lines(connection, order["company_id"], order_id)
    return OrderRead.model_validate({**order, "lines": lines})


async def look_up(connection: AsyncConnection, wanted: OrderLookup, *, caller: Caller) -> OrderRead:
    """Return a guest's order to who knows its number and its address."""
    guest = as_guest(caller, email=wanted.email)
    order = await find_numbered_order(connection, wanted.order_number, caller=guest)
    lines = await list_lines(connection, order["company_id"], order["id"])
    return OrderRead.model_validate({**order, "lines": lines})


async def read_detail(
    connection: AsyncConnection, order_id: UUID, *, caller: Caller, expand: Collection[Expansion]
) -> OrderDetail:
    """Return an order with its lines and the expansions; what is not asked for is null."""
    order = await find_order(connection, order_id, caller=caller)
    company_id = order["company_id"]
    parts: dict[str, object] = dict.fromkeys(("history", "shipments", "returns", "payments"))
    if "history" in expand:
        parts["history"] = await read_history(connection, company_id, order_id)
    if "shipments" in expand:
        parts["shipments"] = await read_shipments(connection, company_id, order_id)
    if "returns" in expand:
        parts["returns"] = await read_returns(connection, company_id, order_id)
    if "payments" in expand:
        parts["payments"] = PaymentsSummary.model_validate(await payments_summary(connection, order))
    internal_note = None if caller.scope is Scope.OWN else order["internal_note"]
    lines = await list_lines(connection, company_id, order_id)
    return OrderDetail.model_validate({**order, "internal_note": internal_note, "lines": lines, **parts})


async def read_history(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> list[HistoryRead]:
    """Return an order's history, oldest first."""
    rows = await list_history(connection, company_id, order_id)
    return [HistoryRead.model_validate(row) for row in rows]
