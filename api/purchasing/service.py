"""Use cases of purchasing; each runs inside a transaction that is bound to the caller's company."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import IllegalTransition, InvalidContent, NotFound, UnknownReference
from api.inventory.service import ReceivedLine, receive_stock
from api.purchasing import queries, rules
from api.purchasing.errors import ApprovalLimitExceeded, OverReceipt
from api.purchasing.ordering import WantedLine, WantedOrder, create_restock_order
from api.purchasing.schemas import (
    ReceiptCreate,
    RestockOrderCreate,
    SupplierCreate,
    SupplierUpdate,
    TermsWrite,
)
from core.events.outbox import append_event
from core.ids import new_id
from core.money import UnsupportedCurrencyError, currency_digits


async def create_supplier(
    connection: AsyncConnection, supplier: SupplierCreate, *, company_id: UUID
) -> queries.Row:
    try:
        currency_digits(supplier.currency)
    except UnsupportedCurrencyError as error:
        raise InvalidContent(str(error), pointer="/currency") from None
    values = {**supplier.model_dump(), "company_id": company_id, "id": new_id()}
    return await queries.insert_supplier(connection, values)


async def update_supplier(
    connection: AsyncConnection, supplier_id: UUID, changes: SupplierUpdate
) -> queries.Row:
    values = changes.model_dump(exclude_unset=True)
    if not values:
        return await read_supplier(connection, supplier_id)
    row = await queries.update_supplier(connection, supplier_id, values)
    if row is None:
        raise NotFound
    return row


async def read_supplier(connection: AsyncConnection, supplier_id: UUID) -> queries.Row:
    row = await queries.get_supplier(connection, supplier_id)
    if row is None:
        raise NotFound
    return row


async def put_terms(
    connection: AsyncConnection,
    supplier_id: UUID,
    variant_id: UUID,
    terms: TermsWrite,
    *,
    company_id: UUID,
) -> queries.Row:
    """Record what a variant costs at a supplier; the change is kept in the terms' history."""
    supplier = await read_supplier(connection, supplier_id)
    values = {
        **terms.model_dump(exclude={"price_breaks"}),
        "price_breaks": [
            {"min_units": step.min_units, "unit_cost_amount": str(step.unit_cost_amount)}
            for step in terms.price_breaks
        ],
        "company_id": company_id,
        "supplier_id": supplier_id,
        "variant_id": variant_id,
        "currency": supplier["currency"],
    }
    if not await queries.exists_variant(connection, variant_id):
        raise UnknownReference("There is no such variant.", pointer="/path/variant_id")
    return await queries.put_terms(connection, values)


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
    order = await _lock(connection, restock_order_id, "approved")
    right = rules.approval_right(caller.roles, caller.approval_limit_amount)
    if not rules.is_within(right, order["total_company_amount"]):
        raise ApprovalLimitExceeded(
            extensions={
                "total_company_amount": str(order["total_company_amount"]),
                "approval_limit_amount": None if right.limit_amount is None else str(right.limit_amount),
            }
        )
    changes = {"status": "approved", "approved_by": caller.user_id, "approved_at": now}
    return await _move(connection, order, changes, caller)


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
    order = await _lock(connection, restock_order_id, "sent")
    return await _move(connection, order, {"status": "sent", "sent_at": now}, caller)


async def cancel(
    connection: AsyncConnection, restock_order_id: UUID, caller: Caller, *, reason: str, now: datetime
) -> dict[str, Any]:
    """Cancel an order of which nothing has arrived."""
    order = await _lock(connection, restock_order_id, "cancelled")
    changes = {"status": "cancelled", "cancelled_at": now, "closed_at": now, "cancellation_reason": reason}
    return await _move(connection, order, changes, caller)


async def receive(
    connection: AsyncConnection,
    restock_order_id: UUID,
    receipt: ReceiptCreate,
    caller: Caller,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Book what arrived: raise stock through the ledger and close the order when nothing is open."""
    order = await _lock(connection, restock_order_id, "received")
    lines = {line["id"]: line for line in await queries.list_lines(connection, restock_order_id)}
    came = [(line.line_id, line.received_units) for line in receipt.lines]
    for index, (line_id, _) in enumerate(came):
        if line_id not in lines:
            raise UnknownReference("The order has no such line.", pointer=f"/lines/{index}/line_id")
    received_at = min(receipt.received_at or now, now)
    open_units = {key: line["ordered_units"] - line["received_units"] for key, line in lines.items()}
    if over := rules.over_received(open_units, came):
        raise OverReceipt(
            extensions={
                "lines": [{"line_id": str(key), "open_units": open_units[key]} for key in over],
            }
        )
    await _book_receipt(connection, order, receipt, lines, caller, received_at=received_at)
    after = [
        (line["ordered_units"], line["received_units"])
        for line in await queries.list_lines(connection, restock_order_id)
    ]
    status = rules.status_after_receipt(after)
    changes = {"status": status, "closed_at": now if status == "received" else None}
    return await _move(connection, order, changes, caller)


async def _book_receipt(
    connection: AsyncConnection,
    order: queries.Row,
    receipt: ReceiptCreate,
    lines: dict[UUID, queries.Row],
    caller: Caller,
    *,
    received_at: datetime,
) -> None:
    company_id, receipt_id = order["company_id"], new_id()
    header = {
        "company_id": company_id,
        "id": receipt_id,
        "restock_order_id": order["id"],
        "location_id": order["location_id"],
        "received_at": received_at,
        "received_by": caller.user_id,
        "note": receipt.note,
    }
    booked = [
        {
            "company_id": company_id,
            "id": new_id(),
            "receipt_id": receipt_id,
            "restock_order_line_id": line.line_id,
            "variant_id": lines[line.line_id]["variant_id"],
            "received_units": line.received_units,
            "unit_cost_amount": lines[line.line_id]["unit_cost_amount"],
        }
        for line in receipt.lines
    ]
    await queries.insert_receipt(connection, header, booked)
    await receive_stock(
        connection,
        company_id=company_id,
        location_id=order["location_id"],
        reference_id=receipt_id,
        lines=[
            # Stock is valued in the company's currency.
            ReceivedLine(
                variant_id=line["variant_id"],
                units=line["received_units"],
                unit_cost_amount=line["unit_cost_amount"] * order["exchange_rate"],
            )
            for line in booked
        ],
        actor_user_id=caller.user_id,
        occurred_at=received_at,
    )


async def _lock(connection: AsyncConnection, restock_order_id: UUID, next_status: str) -> queries.Row:
    order = await queries.lock_restock_order(connection, restock_order_id)
    if order is None:
        raise NotFound
    if not rules.can_become(order["status"], next_status):
        raise IllegalTransition.between(order["status"], next_status)
    return order


async def _move(
    connection: AsyncConnection, order: queries.Row, changes: dict[str, Any], caller: Caller
) -> dict[str, Any]:
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
