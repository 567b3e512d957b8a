"""Asking for invoices and credit notes; `api.fulfilment.issuing` numbers and prints them later.

Nothing here locks or counts: an order never waits for a number. What is asked for is frozen now, so the
document says what was true when it became due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fulfilment.documents import Document, credit_document, invoice_document, refund_document
from api.fulfilment.tables import invoice_requests
from api.orders.amounts import LinePart
from api.orders.lines import list_lines

ZERO = Decimal(0)


async def request_invoice(connection: AsyncConnection, order: Mapping[str, Any], *, at: datetime) -> None:
    """Ask for the order's invoice, once: at its first capture or its first shipment."""
    lines = await list_lines(connection, order["company_id"], order["id"])
    await _request(
        connection,
        order,
        kind="invoice",
        source_id=order["id"],
        document=invoice_document(order, lines),
        at=at,
    )


async def credit_parts(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    parts: Sequence[LinePart],
    *,
    source_id: UUID,
    shipping_amount: Decimal = ZERO,
    paid_back_amount: Decimal | None = None,
    reason: str | None,
    at: datetime,
) -> None:
    """Ask for a credit note over units that are cancelled or came back, if they were invoiced."""
    if not await _is_invoiced(connection, order):
        return
    document = credit_document(
        order,
        lines,
        parts,
        shipping_amount=shipping_amount,
        paid_back_amount=paid_back_amount,
        reason=reason,
    )
    if Decimal(document["total_amount"]):
        await _request(connection, order, kind="credit_note", source_id=source_id, document=document, at=at)


async def credit_refund(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    refund_id: UUID,
    amount: Decimal,
    reason: str | None,
    at: datetime,
) -> None:
    """Ask for a credit note over a refund that no cancellation or return has asked one for."""
    if not await _is_invoiced(connection, order):
        return
    lines = await list_lines(connection, order["company_id"], order["id"])
    document = refund_document(order, lines, amount=amount, reason=reason)
    await _request(connection, order, kind="credit_note", source_id=refund_id, document=document, at=at)


async def note_uninvoiced_refund(
    connection: AsyncConnection, order: Mapping[str, Any], *, refund_id: UUID, at: datetime
) -> None:
    """Note that a refund is of money for units that were never invoiced: no credit note is due for it."""
    await _request(
        connection, order, kind="credit_note", source_id=refund_id, document={}, at=at, issued_at=at
    )


async def _is_invoiced(connection: AsyncConnection, order: Mapping[str, Any]) -> bool:
    """Tell whether the order's invoice was asked for; the order's lock keeps the answer true."""
    found = sa.select(invoice_requests.c.id).where(
        invoice_requests.c.company_id == order["company_id"],
        invoice_requests.c.kind == "invoice",
        invoice_requests.c.source_id == order["id"],
    )
    return await connection.scalar(found) is not None


async def _request(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    kind: str,
    source_id: UUID,
    document: Document,
    at: datetime,
    issued_at: datetime | None = None,
) -> None:
    await connection.execute(
        insert(invoice_requests)
        .values(
            company_id=order["company_id"],
            order_id=order["id"],
            kind=kind,
            source_id=source_id,
            document=document,
            requested_at=at,
            issued_at=issued_at,
        )
        .on_conflict_do_nothing(constraint="uq_invoice_requests_company_id_kind_source_id")
    )
