"""What payments tell orders: money came, money did not come, money went back.

Called by `api.payments` in its transactions, under the payment's lock. Orders are locked by id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons.taking_again import take_again as take_coupons_again
from api.fulfilment.invoicing import credit_refund, note_uninvoiced_refund, request_invoice
from api.inventory.holding import HoldLine, hold_for_order
from api.orders import queries, refunds, rules
from api.orders.amounts import ZERO, OrderAmounts, kept_units
from api.orders.cancellation import cancel
from api.orders.history import write_history
from api.orders.lifecycle import confirm, set_status
from api.orders.lines import list_lines, restore_expired_lines
from api.orders.queries import OrderFilter

HOLD_AGAIN = timedelta(minutes=15)
PaidOutcome = Literal["confirmed", "recorded", "unchanged", "cancelled"]
PaymentStatus = Literal["authorised", "paid", "partly_refunded", "refunded", "failed", "voided"]


async def order_totals(
    connection: AsyncConnection, company_id: UUID, order_ids: Collection[UUID]
) -> list[OrderAmounts]:
    """Return what orders cost and what is left to pay of them, by id; unknown ids are left out."""
    rows = await queries.order_amounts(connection, company_id, order_ids)
    return [_amounts(row) for row in rows]


async def confirm_paid(
    connection: AsyncConnection,
    company_id: UUID,
    order_ids: Sequence[UUID],
    *,
    now: datetime,
    payment_status: Literal["authorised", "paid"] = "paid",
    captured_amounts: Mapping[UUID, Decimal] | None = None,
    user_id: UUID | None = None,
) -> dict[UUID, PaidOutcome]:
    """Record that money for orders came (or is promised), and confirm those that waited for it.

    ``captured_amounts`` says how much came for each order; what is more than is left to pay, because units
    were cancelled meanwhile, is given back at once. Told again, nothing changes. A ``cancelled`` order stays
    as it is: try `re_reserve`, then this again; or give the money back.
    """
    captured = captured_amounts or {}
    outcomes: dict[UUID, PaidOutcome] = {}
    for order_id in sorted(set(order_ids)):
        order = await queries.lock_order(connection, company_id, order_id, OrderFilter())
        if order is None:
            continue
        if order["status"] == "cancelled":
            outcomes[order_id] = "cancelled"
            continue
        outcomes[order_id] = await _receive(connection, order, payment_status, at=now, user_id=user_id)
        if payment_status == "paid" and outcomes[order_id] != "unchanged":
            await _return_excess(connection, order, captured.get(order_id), at=now)
    return outcomes


async def cancel_unpaid(
    connection: AsyncConnection,
    company_id: UUID,
    order_ids: Sequence[UUID],
    *,
    now: datetime,
    reason: str = "payment failed",
) -> list[UUID]:
    """Cancel those of the orders that are still pending and unpaid; return which."""
    cancelled = []
    for order_id in sorted(set(order_ids)):
        order = await queries.lock_order(connection, company_id, order_id, OrderFilter(status="pending"))
        if order is not None and order["payment_status"] in ("unpaid", "failed", "voided"):
            await cancel(connection, order, reason=reason, at=now, user_id=None)
            cancelled.append(order_id)
    return cancelled


async def re_reserve(connection: AsyncConnection, company_id: UUID, order_id: UUID, *, now: datetime) -> bool:
    """Hold the stock of an expired order again, all of it, so that the late payment can confirm it.

    False, and nothing changed, if the order was cancelled by somebody, or some units are gone.
    """
    order = await queries.lock_order(connection, company_id, order_id, OrderFilter(status="cancelled"))
    if order is None or order["expired_at"] is None:
        return False
    expires_at = now + HOLD_AGAIN
    try:
        async with connection.begin_nested():
            await _want_again(connection, order, expires_at=expires_at)
    except _Gone:
        return False
    await set_status(
        connection,
        order,
        "pending",
        at=now,
        note="paid after the reservation had expired",
        reservation_expires_at=expires_at,
        expired_at=None,
        cancelled_at=None,
        cancellation_reason=None,
    )
    return True


async def record_payment_status(
    connection: AsyncConnection,
    company_id: UUID,
    order_id: UUID,
    payment_status: PaymentStatus,
    *,
    now: datetime,
    note: str | None = None,
    user_id: UUID | None = None,
) -> bool:
    """Record a payment status that follows from the present one; False if it does not (late or repeated)."""
    order = await queries.lock_order(connection, company_id, order_id, OrderFilter())
    if order is None or not rules.can_be_paid_as(order["payment_status"], payment_status):
        return False
    await _record(connection, order, payment_status, at=now, note=note, user_id=user_id)
    return True


async def note_refunded(
    connection: AsyncConnection,
    company_id: UUID,
    order_id: UUID,
    *,
    refund_id: UUID,
    amount: Decimal,
    is_whole: bool,
    now: datetime,
    reason: str | None = None,
    user_id: UUID | None = None,
) -> None:
    """Record that money went back: ``is_whole`` when all that was captured has.

    Asks for the credit note, unless the cancellation or return that wanted the refund has.
    """
    order = await queries.lock_order(connection, company_id, order_id, OrderFilter())
    if order is None:
        return
    status: PaymentStatus = "refunded" if is_whole else "partly_refunded"
    if rules.can_be_paid_as(order["payment_status"], status):
        await _record(connection, order, status, at=now, note=reason, user_id=user_id)
    await credit_refund(connection, order, refund_id=refund_id, amount=amount, reason=reason, at=now)
    if is_whole and rules.can_follow(order["status"], "refunded"):
        await set_status(connection, order, "refunded", at=now, note=reason, changed_by=user_id)


class _Gone(Exception):
    """Some units, or a coupon's use, are somebody else's by now."""


async def _want_again(connection: AsyncConnection, order: Mapping[str, Any], *, expires_at: datetime) -> None:
    company_id, order_id = order["company_id"], order["id"]
    await restore_expired_lines(connection, company_id, order_id)
    lines = await list_lines(connection, company_id, order_id)
    if not await take_coupons_again(connection, order):
        raise _Gone
    is_held = await hold_for_order(
        connection,
        company_id=company_id,
        shop_id=order["shop_id"],
        order_id=order_id,
        lines=[HoldLine(line["id"], line["variant_id"], kept_units(line)) for line in lines],
        expires_at=expires_at,
    )
    if not is_held:
        raise _Gone


async def _receive(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    payment_status: Literal["authorised", "paid"],
    *,
    at: datetime,
    user_id: UUID | None,
) -> PaidOutcome:
    is_news = rules.can_be_paid_as(order["payment_status"], payment_status)
    if is_news:
        await _record(connection, order, payment_status, at=at, note=None, user_id=user_id)
    if is_news and payment_status == "paid":
        await request_invoice(connection, order, at=at)
    if order["status"] == "pending":
        await confirm(connection, order, at=at, note=f"payment {payment_status}", changed_by=user_id)
        return "confirmed"
    return "recorded" if is_news else "unchanged"


async def _return_excess(
    connection: AsyncConnection, order: Mapping[str, Any], captured: Decimal | None, *, at: datetime
) -> None:
    [amounts] = await order_totals(connection, order["company_id"], [order["id"]])
    excess = ZERO if captured is None else captured - amounts.due_amount
    if excess > ZERO:
        given = await refunds.give_back(
            connection,
            {**order, "payment_status": "paid"},
            amount=excess,
            reason="cancelled before it was paid",
            key=order["id"],
        )
        if given is not None and given.refund_id is not None:
            await note_uninvoiced_refund(connection, order, refund_id=given.refund_id, at=at)


async def _record(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    payment_status: PaymentStatus,
    *,
    at: datetime,
    note: str | None,
    user_id: UUID | None,
) -> None:
    await queries.update_order(connection, order, payment_status=payment_status)
    why = f"payment {payment_status}" + (f": {note}" if note else "")
    await write_history(connection, order, change="payment", at=at, note=why, changed_by=user_id)


def _amounts(row: Mapping[str, Any]) -> OrderAmounts:
    due = ZERO if row["status"] == "cancelled" else row["total_amount"] - row["cancelled_amount"]
    return OrderAmounts(
        order_id=row["id"],
        order_number=row["order_number"],
        shop_id=row["shop_id"],
        customer_id=row["customer_id"],
        email=row["email"],
        status=row["status"],
        payment_status=row["payment_status"],
        currency=row["currency"],
        total_amount=row["total_amount"],
        cancelled_amount=row["cancelled_amount"],
        due_amount=due,
    )
