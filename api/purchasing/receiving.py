"""Goods that arrive for a restock order: stock rises through the ledger, and lead times learn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import UnknownReference
from api.inventory.service import ReceivedLine, receive_stock
from api.purchasing import queries, receipt_queries, rules
from api.purchasing.errors import OverReceipt
from api.purchasing.schemas import ReceiptCreate
from api.purchasing.service import lock_order, move_order
from core.ids import new_id


async def receive(
    connection: AsyncConnection,
    restock_order_id: UUID,
    receipt: ReceiptCreate,
    caller: Caller,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Book what arrived: raise stock through the ledger and close the order when nothing is open.

    Raises
    ------
    OverReceipt
        If a line gets more than was ordered and the company's tolerance allows.
    """
    order = await lock_order(connection, restock_order_id, "received")
    lines = {line["id"]: line for line in await queries.list_lines(connection, restock_order_id)}
    came = [(line.line_id, line.received_units) for line in receipt.lines]
    for index, (line_id, _) in enumerate(came):
        if line_id not in lines:
            raise UnknownReference("The order has no such line.", pointer=f"/lines/{index}/line_id")
    received_at = min(receipt.received_at or now, now)
    company = await queries.company_terms(connection, order["company_id"])
    _refuse_over_receipt(lines, came, tolerance_percent=company["over_receipt_percent"])
    await _book_receipt(connection, order, receipt, lines, caller, received_at=received_at)
    after = [
        (line["ordered_units"], line["received_units"])
        for line in await queries.list_lines(connection, restock_order_id)
    ]
    status = rules.status_after_receipt(after)
    changes = {"status": status, "closed_at": now if status == "received" else None}
    return await move_order(connection, order, changes, caller)


def _refuse_over_receipt(
    lines: Mapping[UUID, queries.Row], came: Sequence[tuple[UUID, int]], *, tolerance_percent: Decimal
) -> None:
    acceptable = {
        key: rules.acceptable_units(
            line["ordered_units"], line["received_units"], tolerance_percent=tolerance_percent
        )
        for key, line in lines.items()
    }
    if over := rules.over_received(acceptable, came):
        raise OverReceipt(
            extensions={
                "lines": [
                    {
                        "line_id": str(key),
                        "open_units": max(lines[key]["ordered_units"] - lines[key]["received_units"], 0),
                        "acceptable_units": acceptable[key],
                    }
                    for key in over
                ],
            }
        )


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
    await receipt_queries.insert_receipt(connection, header, booked)
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
