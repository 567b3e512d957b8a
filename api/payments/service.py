"""What other domains may ask of payments."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments import queries, refunds
from api.payments.errors import RefundExceedsCaptured


async def lock_payment_of(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> None:
    """Lock an order's payments: they come before the order in the order of locks."""
    await queries.payments_of_order(connection, company_id, order_id)


async def request_refund(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    order_id: UUID,
    amount: Decimal,
    reason: str,
    key: str,
    requested_by: UUID | None = None,
) -> UUID:
    """Ask for money back for an order, once per ``key``; the worker carries it out at the provider.

    Raises
    ------
    RefundExceedsCaptured
        If the order's refunds together, pending ones too, would exceed what was captured for it.
    """
    known = await queries.find_refund(connection, company_id, key=f"order {key}")
    if known is not None:
        refund_id: UUID = known["id"]
        return refund_id
    for payment in await queries.payments_of_order(connection, company_id, order_id):
        for share in await queries.list_allocations(connection, company_id, payment["id"]):
            if share["order_id"] == order_id and refunds.refundable(share) >= amount:
                return await refunds.add_refund(
                    connection,
                    payment,
                    share,
                    amount=amount,
                    reason=reason,
                    key=f"order {key}",
                    at=datetime.now(UTC),
                    requested_by=requested_by,
                )
    raise RefundExceedsCaptured
