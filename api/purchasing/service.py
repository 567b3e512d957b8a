"""Use cases of restock orders; each runs in a transaction that is bound to the caller's company."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import IllegalTransition, NotFound
from api.purchasing import queries, rules
from api.purchasing.errors import ApprovalLimitExceeded, RestockOrderFixed
from api.purchasing.incoming import OPEN_STATUSES
from api.purchasing.ordering import WantedLine, WantedOrder, create_restock_order, price_lines
from api.purchasing.schemas import RestockOrderCreate, RestockOrderRead, RestockOrderUpdate
from core.events.outbox import append_event
from core.money import round_amount


async def create_order(
    connection: AsyncConnection, order: RestockOrderCreate, caller: Caller, *, now: datetime
) -> dict[str, Any]:
    """Draft an order that somebody wrote by hand."""
    wanted = WantedOrder(
        supplier_id=order.supplier_id,
        location_id=order.location_id,
        lines=[WantedLine(line.variant_id, line.ordered_units) for line in order.lines],
        source="manual",
        expected_date=order.expected_date,
        note=order.note,
        exchange_rate=order.exchange_rate,
        exchange_rate_date=order.exchange_rate_date,
        quantity_rule=order.quantity_rule,
    )
    created = await create_restock_order(
        connection, wanted, company_id=caller.require_company(), user_id=caller.user_id, now=now
    )
    return await read_order(connection, created["id"])


async def read_order(connection: AsyncConnection, restock_order_id: UUID) -> dict[str, Any]:
    order = await queries.get_restock_order(connection, restock_order_id)
    if order is None:
        raise NotFound
    return order


async def approve(
    connection: AsyncConnection, restock_order_id: UUID, caller: Caller, *, now: datetime
) -> dict[str, Any]:
    """Approve a draft, within the caller's limit."""
    order = await lock_order(connection, restock_order_id, "approved")
    right = rules.approval_right(caller.roles, caller.approval_limit_amount)
    if not rules.is_within(right, order["total_company_amount"]):
        raise ApprovalLimitExceeded(
            extensions={
                "total_company_amount": str(order["total_company_amount"]),
                "approval_limit_amount": None if right.limit_amount is None else str(right.limit_amount),
            }
        )
    changes = {"status": "approved", "approved_by": caller.user_id, "approved_at": now}
    return await move_order(connection, order, changes, caller)


async def approve_if_allowed(
    connection: AsyncConnection, restock_order_id: UUID, caller: Caller, *, now: datetime
) -> dict[str, Any]:
    """Approve a draft if the caller's limit covers it; else leave it for somebody with a higher one."""
    try:
        return await approve(connection, restock_order_id, caller, now=now)
    except ApprovalLimitExceeded:
        return await read_order(connection, restock_order_id)


async def send(
    connection: AsyncConnection, restock_order_id: UUID, caller: Caller, *, now: datetime
) -> dict[str, Any]:
    """Mark an approved order as sent: from this instant its lead time runs."""
    order = await lock_order(connection, restock_order_id, "sent")
    return await move_order(connection, order, {"status": "sent", "sent_at": now}, caller)


async def cancel(
    connection: AsyncConnection, restock_order_id: UUID, caller: Caller, *, reason: str, now: datetime
) -> dict[str, Any]:
    """Cancel an order of which nothing has arrived."""
    order = await lock_order(connection, restock_order_id, "cancelled")
    changes = {"status": "cancelled", "cancelled_at": now, "closed_at": now, "cancellation_reason": reason}
    return await move_order(connection, order, changes, caller)


async def close_short(
    connection: AsyncConnection, restock_order_id: UUID, caller: Caller, *, reason: str, now: datetime
) -> dict[str, Any]:
    """Close an order though not all of it has come: the rest is not waited for any more."""
    order = await lock_order(connection, restock_order_id, "closed_short")
    changes = {"status": "closed_short", "closed_at": now, "closing_reason": reason}
    return await move_order(connection, order, changes, caller)


async def update_order(
    connection: AsyncConnection,
    restock_order_id: UUID,
    wanted: RestockOrderUpdate,
    caller: Caller,
    *,
    if_match: str | None,
) -> RestockOrderRead:
    """Change an order's date or note while it is open, and its lines while it is a draft.

    Raises
    ------
    RestockOrderFixed
        If it is too late for that.
    """
    order = await queries.lock_restock_order(connection, restock_order_id)
    if order is None:
        raise NotFound
    require_version(if_match, as_read(await read_order(connection, restock_order_id)))
    changes = wanted.model_dump(exclude_unset=True, include={"expected_date", "note"})
    if order["status"] not in OPEN_STATUSES or (wanted.lines is not None and order["status"] != "draft"):
        raise RestockOrderFixed(extensions={"current_status": order["status"]})
    if wanted.lines is not None:
        changes |= await _replace_lines(connection, order, wanted)
    if changes:
        await queries.update_restock_order(connection, restock_order_id, changes)
        await append_event(
            connection,
            company_id=order["company_id"],
            type="restock_order.updated",
            aggregate_type="restock_order",
            aggregate_id=restock_order_id,
            payload={"restock_number": order["restock_number"], "fields": sorted(changes)},
            actor_user_id=caller.user_id,
        )
    return as_read(await read_order(connection, restock_order_id))


async def _replace_lines(
    connection: AsyncConnection, order: queries.Row, wanted: RestockOrderUpdate
) -> dict[str, Any]:
    """Write other lines, priced by today's terms, and return what they add up to."""
    repriced = WantedOrder(
        supplier_id=order["supplier_id"],
        location_id=order["location_id"],
        lines=[WantedLine(line.variant_id, line.ordered_units) for line in wanted.lines or ()],
        source=order["source"],
        quantity_rule=wanted.quantity_rule,
    )
    lines = await price_lines(connection, repriced, order["id"], company_id=order["company_id"])
    await queries.replace_lines(connection, order["id"], lines)
    total = sum((line["line_amount"] for line in lines), Decimal(0))
    company = await queries.company_terms(connection, order["company_id"])
    return {
        "total_amount": total,
        "total_company_amount": round_amount(total * order["exchange_rate"], company["currency"]),
    }


def as_read(order: dict[str, Any]) -> RestockOrderRead:
    """Return what is answered about an order, with what a buyer should look at."""
    warnings = [vars(warning) for warning in rules.order_warnings(order)]
    return RestockOrderRead.model_validate({**order, "warnings": warnings})


async def lock_order(connection: AsyncConnection, restock_order_id: UUID, next_status: str) -> queries.Row:
    """Return an order that nobody else changes, if it may become this."""
    order = await queries.lock_restock_order(connection, restock_order_id)
    if order is None:
        raise NotFound
    if not rules.can_become(order["status"], next_status):
        raise IllegalTransition.between(order["status"], next_status)
    return order


async def move_order(
    connection: AsyncConnection, order: queries.Row, changes: dict[str, Any], caller: Caller
) -> dict[str, Any]:
    """Bring a locked order to its next status and tell of it."""
    await queries.update_restock_order(connection, order["id"], changes)
    await append_event(
        connection,
        company_id=order["company_id"],
        type=f"restock_order.{changes['status']}",
        aggregate_type="restock_order",
        aggregate_id=order["id"],
        payload={"restock_number": order["restock_number"], "from_status": order["status"]},
        actor_user_id=caller.user_id,
    )
    return await read_order(connection, order["id"])
