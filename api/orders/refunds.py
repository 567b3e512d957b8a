"""Money back for an order: the one place where orders meet payments.

`api.payments` keeps what was captured and refunds never more than that; here is only what an order owes.
Payments call orders, so their service is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders import queries
from api.orders.amounts import ZERO
from api.payments.order_money import money_of_order

REFUNDABLE = frozenset({"paid", "partly_refunded"})


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What was asked back of a paid order, and the refund; no refund where nothing is left."""

    refund_id: UUID | None
    amount: Decimal


async def lock_money(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> None:
    """Lock an order's payment, which comes before the order in the order of locks."""
    from api.payments import service as payments

    await payments.lock_payment_of(connection, company_id, order_id)


async def payments_summary(connection: AsyncConnection, order: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was captured and refunded for an order, and what is left to pay."""
    paid = await money_of_order(connection, order["company_id"], order["id"])
    [row] = await queries.order_amounts(connection, order["company_id"], [order["id"]])
    owed = ZERO if row["status"] == "cancelled" else row["total_amount"] - row["cancelled_amount"]
    return {
        "payment_status": order["payment_status"],
        "due_amount": owed if paid.captured_amount == ZERO else ZERO,
        "captured_amount": paid.captured_amount,
        "refunded_amount": paid.refunded_amount,
    }


async def give_back(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    amount: Decimal,
    reason: str,
    key: UUID,
    user_id: UUID | None = None,
) -> GivenBack | None:
    """Ask for a refund of what was paid for an order; None where nothing was paid, or nothing is due.

    ``key`` names the cause (the cancellation, the return): the same cause is refunded once. What was given
    back before out of goodwill is not given twice: the amount is at most what is left of the captured money.
    """
    if order["payment_status"] not in REFUNDABLE:
        return None
    money = await money_of_order(connection, order["company_id"], order["id"])
    amount = min(amount, money.refundable_amount)
    if amount <= ZERO:
        return GivenBack(None, ZERO)
    from api.payments import service as payments

    refund_id = await payments.request_refund(
        connection,
        order["company_id"],
        order_id=order["id"],
        amount=amount,
        reason=reason,
        key=str(key),
        requested_by=user_id,
    )
    return GivenBack(refund_id, amount)
