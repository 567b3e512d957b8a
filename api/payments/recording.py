"""What happened to a payment, written down once, whoever tells it: the provider's answer or a webhook.

Every function works under the payment's lock and changes nothing the second time. What money does to orders
is told to `api.orders.paying` in the same transaction: an order whose hold has expired is held again, or its
share goes back, exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders import paying
from api.payments import operation_queries, queries, refunds, rules
from core.events.outbox import append_event
from core.money import currency_digits

ZERO = Decimal(0)


class AmountMismatch(Exception):
    """A provider tells of an amount or currency that is not the payment's."""


@dataclass(frozen=True)
class References:
    """What the provider calls the payment and its parts."""

    gateway_payment_id: str | None = None
    gateway_authorisation_id: str | None = None
    gateway_capture_id: str | None = None

    def news(self, payment: Mapping[str, Any]) -> dict[str, str]:
        """Return those that are not known yet."""
        return {name: value for name, value in vars(self).items() if value and value != payment[name]}


async def record_captured(
    connection: AsyncConnection,
    payment: queries.Row,
    amount: Decimal | None,
    references: References,
    *,
    now: datetime,
) -> None:
    """Record that money came, and settle the orders that it pays."""
    captured = payment["authorised_amount"] or payment["amount"] if amount is None else amount
    if captured > payment["amount"] or captured <= ZERO:
        raise AmountMismatch(f"captured {captured} of {payment['amount']}")
    if payment["captured_amount"] > ZERO:
        await _keep_references(connection, payment, references)
        return
    is_late = payment["status"] == "cancelled"
    await queries.change_payment(
        connection,
        payment,
        status="cancelled" if is_late else "succeeded",
        payment_status="paid",
        captured_amount=captured,
        authorised_amount=max(captured, payment["authorised_amount"]),
        authorised_at=payment["authorised_at"] or now,
        paid_at=now,
        failure_code=None,
        failure_reason=None,
        **references.news(payment),
    )
    await queries.save_details(connection, payment, action_encrypted=None)
    allocations = await _share(connection, payment, captured)
    await queries.write_history(connection, payment, "paid", at=now)
    await tell(connection, payment, "payment.success", amount=captured)
    is_enough = captured == payment["amount"] or payment["authorised_at"] is not None
    if is_late:
        await _return_all(connection, payment, allocations, now=now)
    elif is_enough:
        await _settle(connection, payment, allocations, "paid", now=now)


async def record_authorised(
    connection: AsyncConnection,
    payment: queries.Row,
    amount: Decimal | None,
    references: References,
    *,
    now: datetime,
) -> None:
    """Record that money is promised, and confirm the orders that waited for it."""
    promised = payment["amount"] if amount is None else amount
    if promised > payment["amount"] or promised <= ZERO:
        raise AmountMismatch(f"authorised {promised} of {payment['amount']}")
    if payment["authorised_at"] is not None or payment["status"] == "cancelled":
        await _keep_references(connection, payment, references)
        return
    await queries.change_payment(
        connection,
        payment,
        status="processing",
        payment_status="authorised",
        authorised_amount=promised,
        authorised_at=now,
        failure_code=None,
        failure_reason=None,
        **references.news(payment),
    )
    await queries.save_details(connection, payment, action_encrypted=None)
    await queries.write_history(connection, payment, "authorised", at=now)
    await tell(connection, payment, "payment.authorised", amount=promised)
    allocations = await queries.list_allocations(connection, payment["company_id"], payment["id"])
    await _settle(connection, payment, allocations, "authorised", now=now)


async def record_failed(
    connection: AsyncConnection,
    payment: queries.Row,
    code: str | None,
    reason: str | None,
    references: References,
    *,
    now: datetime,
) -> None:
    """Record a failed attempt. What was authorised or paid before stays so: the news is old."""
    if payment["payment_status"] not in rules.UNPAID or payment["status"] == "cancelled":
        await _keep_references(connection, payment, references)
        return
    is_told_again = (payment["status"], payment["failure_code"]) == ("failed", code)
    await queries.change_payment(
        connection,
        payment,
        status="failed",
        payment_status="failed",
        failure_code=code,
        failure_reason=None if reason is None else reason[:500],
        failed_at=now,
        **references.news(payment),
    )
    await queries.save_details(connection, payment, action_encrypted=None)
    if is_told_again:
        return
    await queries.write_history(connection, payment, "failed", at=now, note=code)
    await tell(connection, payment, "payment.failed", failure_code=code)
    for allocation in await queries.list_allocations(connection, payment["company_id"], payment["id"]):
        await paying.record_payment_status(
            connection, payment["company_id"], allocation["order_id"], "failed", now=now, note=code
        )


async def record_voided(connection: AsyncConnection, payment: queries.Row, *, now: datetime) -> None:
    """Record that what was promised was let go; the payment is over, another may take its place."""
    if payment["status"] == "cancelled" or payment["captured_amount"] > ZERO:
        return
    await queries.change_payment(
        connection, payment, status="cancelled", payment_status="voided", cancelled_at=now
    )
    await queries.save_details(connection, payment, action_encrypted=None)
    await queries.write_history(connection, payment, "voided", at=now)
    await tell(connection, payment, "payment.voided")
    for allocation in await queries.list_allocations(connection, payment["company_id"], payment["id"]):
        await paying.record_payment_status(
            connection, payment["company_id"], allocation["order_id"], "voided", now=now
        )


async def record_waiting(
    connection: AsyncConnection,
    payment: queries.Row,
    references: References,
    *,
    action_encrypted: str | None,
) -> None:
    """Record that the buyer, or the provider, has something to do first."""
    if payment["payment_status"] not in rules.UNPAID or payment["status"] == "cancelled":
        return
    await queries.change_payment(
        connection, payment, status="processing", payment_status="unpaid", **references.news(payment)
    )
    await queries.save_details(connection, payment, action_encrypted=action_encrypted)


async def tell(connection: AsyncConnection, payment: Mapping[str, Any], type: str, **more: Any) -> None:
    """Append an event about a payment."""
    amounts = {name: str(value) for name, value in more.items() if value is not None}
    await append_event(
        connection,
        company_id=payment["company_id"],
        type=type,
        aggregate_type="payment",
        aggregate_id=payment["id"],
        payload={
            "payment_id": str(payment["id"]),
            "transaction_number": payment["transaction_number"],
            "checkout_id": None if payment["checkout_id"] is None else str(payment["checkout_id"]),
            "customer_id": None if payment["customer_id"] is None else str(payment["customer_id"]),
            "currency": payment["currency"],
            "method": payment["method_code"],
            **amounts,
        },
    )


async def _settle(
    connection: AsyncConnection,
    payment: queries.Row,
    allocations: Sequence[queries.Row],
    payment_status: Any,
    *,
    now: datetime,
) -> None:
    """Tell the orders; those that were cancelled meanwhile are held again or get their share back."""
    company_id = payment["company_id"]
    amounts = {share["order_id"]: share["captured_amount"] for share in allocations}
    outcomes = await paying.confirm_paid(
        connection,
        company_id,
        list(amounts),
        now=now,
        payment_status=payment_status,
        captured_amounts=amounts if payment_status == "paid" else None,
    )
    for share in allocations:
        order_id = share["order_id"]
        if outcomes.get(order_id) != "cancelled":
            continue
        if await paying.re_reserve(connection, company_id, order_id, now=now):
            await paying.confirm_paid(
                connection, company_id, [order_id], now=now, payment_status=payment_status
            )
        elif payment_status == "paid":
            await _return_share(connection, payment, share, now=now)
    if payment_status == "authorised":
        await void_if_nothing_is_due(connection, payment, now=now)


async def void_if_nothing_is_due(
    connection: AsyncConnection, payment: Mapping[str, Any], *, now: datetime
) -> None:
    """Let an authorisation go whose orders are all cancelled."""
    company_id = payment["company_id"]
    if await due_amount(connection, company_id, payment["id"]) > ZERO:
        return
    if await operation_queries.operation_in_flight(connection, company_id, payment["id"]) is None:
        await operation_queries.add_operation(
            connection,
            company_id=company_id,
            payment_id=payment["id"],
            kind="void",
            amount=payment["amount"],
            claimed_until=now,
        )


async def due_amount(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Decimal:
    """Return what is left to pay of a payment's orders, at most its shares."""
    allocations = await queries.list_allocations(connection, company_id, payment_id)
    shares = {share["order_id"]: share["amount"] for share in allocations}
    totals = await paying.order_totals(connection, company_id, list(shares))
    return sum((min(order.due_amount, shares[order.order_id]) for order in totals), ZERO)


async def _return_all(
    connection: AsyncConnection,
    payment: queries.Row,
    allocations: Sequence[queries.Row],
    *,
    now: datetime,
) -> None:
    """Give back what came for a payment that was over."""
    for share in allocations:
        await _return_share(connection, payment, share, now=now)


async def _return_share(
    connection: AsyncConnection, payment: queries.Row, share: queries.Row, *, now: datetime
) -> None:
    """Ask for an order's share back, once, and tell the customer."""
    if share["captured_amount"] <= ZERO:
        return
    await refunds.add_refund(
        connection,
        payment,
        share,
        amount=share["captured_amount"],
        reason="paid after the order was cancelled",
        key=f"late {payment['id']} {share['order_id']}",
        at=now,
    )
    await tell(
        connection,
        payment,
        "payment.returned",
        order_id=share["order_id"],
        amount=share["captured_amount"],
        reason="paid after the order was cancelled",
    )


async def _share(
    connection: AsyncConnection, payment: queries.Row, captured: Decimal
) -> Sequence[queries.Row]:
    """Spread what was captured over the orders: by what is due when it is less than the whole."""
    company_id, payment_id = payment["company_id"], payment["id"]
    allocations = await queries.list_allocations(connection, company_id, payment_id)
    weights = [share["amount"] for share in allocations]
    if captured < payment["amount"]:
        order_ids = [share["order_id"] for share in allocations]
        totals = {
            order.order_id: order.due_amount
            for order in await paying.order_totals(connection, company_id, order_ids)
        }
        due = [min(totals.get(share["order_id"], ZERO), share["amount"]) for share in allocations]
        weights = due if sum(due) >= captured else weights
    currency = payment["currency"]
    quantum = Decimal(1).scaleb(-currency_digits(currency))
    parts = rules.share_captured(weights, captured.quantize(quantum), currency)
    for share, part in zip(allocations, parts, strict=True):
        if part > ZERO:
            await queries.add_to_allocation(connection, share, captured_amount=part)
    return await queries.list_allocations(connection, company_id, payment_id)


async def _keep_references(connection: AsyncConnection, payment: queries.Row, references: References) -> None:
    news = {name: value for name, value in references.news(payment).items() if payment[name] is None}
    if news:
        await queries.change_payment(connection, payment, **news)
