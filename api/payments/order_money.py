"""What was captured and refunded for one order, over all its payments: for whoever shows the order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments.tables import payment_allocations


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """Money that came for an order, and that went back."""

    captured_amount: Decimal
    refunded_amount: Decimal
    # Captured and not asked back yet.
    refundable_amount: Decimal


async def money_of_order(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> OrderMoney:
    """Add up the order's shares of its payments; nothing is locked."""
    share = payment_allocations.c
    columns = (
        share.captured_amount,
        share.refunded_amount,
        share.captured_amount - share.refund_reserved_amount,
    )
    statement = sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in columns)).where(
        payment_allocations.c.company_id == company_id, payment_allocations.c.order_id == order_id
    )
    row = (await connection.execute(statement)).one()
    return OrderMoney(*(Decimal(amount) for amount in row))
