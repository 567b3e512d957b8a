"""Refunds: never more than was captured for an order, pending ones counted, under the payment's lock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders import paying
from api.payments import operation_queries, queries, rules
from api.payments.errors import RefundExceedsCaptured
from core.events.outbox import append_event

ZERO = Decimal(0)


async def add_refund(
    connection: AsyncConnection,
    payment: Mapping[str, Any],
    share: Mapping[str, Any],
    *,
    amount: Decimal,
    reason: str | None,
    key: str,
    at: datetime,
    requested_by: UUID | None = None,
    claimed_until: datetime | None = None,
    request_key: str | None = None,
    request_sha256: bytes | None = None,
) -> UUID:
    """Write a pending refund of an order's share and the operation that carries it out; once per key.

    Without ``claimed_until`` the worker carries it out.

    Raises
    ------
    RefundExceedsCaptured
        If the order's refunds together would exceed what was captured for it; nothing was changed.
    """
    company_id = payment["company_id"]
    known = await queries.find_refund(connection, company_id, key=key)
    if known is not None:
        refund_id: UUID = known["id"]
        return refund_id
    if amount <= ZERO or not await queries.add_to_allocation(
        connection, share, refund_reserved_amount=amount
    ):
        raise RefundExceedsCaptured(extensions={"refundable_amount": str(refundable(share))})
    refund_id = await queries.add_refund(
        connection,
        company_id=company_id,
        payment_id=payment["id"],
        order_id=share["order_id"],
        key=key,
        amount=amount,
        currency=payment["currency"],
        reason=reason,
        requested_by=requested_by,
        created_at=at,
    )
    await operation_queries.add_operation(
        connection,
        company_id=company_id,
        payment_id=payment["id"],
        refund_id=refund_id,
        kind="refund",
        amount=amount,
        claimed_until=claimed_until or at,
        tries=0 if claimed_until is None else 1,
        request_key=request_key,
        request_sha256=request_sha256,
    )
    await queries.write_history(
        connection,
        payment,
        "refund requested",
        at=at,
        note=reason,
        refund_id=refund_id,
        changed_by=requested_by,
    )
    await _tell(connection, payment, "refund.requested", refund_id, share["order_id"], amount, reason)
    return refund_id


async def add_outside_refund(
    connection: AsyncConnection,
    payment: queries.Row,
    gateway_refund_id: str,
    amount: Decimal,
    *,
    now: datetime,
) -> None:
    """Record a refund that was made at the provider: taken from the orders' shares one after the other.

    Raises
    ------
    RefundExceedsCaptured
        If it is more than what is left of all shares; nothing was changed.
    """
    company_id, left = payment["company_id"], amount
    shares = await queries.list_allocations(connection, company_id, payment["id"])
    if sum((refundable(share) for share in shares), ZERO) < amount:
        raise RefundExceedsCaptured
    for share in shares:
        part = min(left, refundable(share))
        if part <= ZERO:
            continue
        await queries.add_to_allocation(connection, share, refund_reserved_amount=part)
        refund_id = await queries.add_refund(
            connection,
            company_id=company_id,
            payment_id=payment["id"],
            order_id=share["order_id"],
            key=f"{payment['provider']} {gateway_refund_id} {share['order_id']}",
            amount=part,
            currency=payment["currency"],
            reason="made at the provider",
            gateway_refund_id=gateway_refund_id,
            created_at=now,
        )
        refund = await queries.find_refund(connection, company_id, refund_id=refund_id)
        assert refund is not None
        current = await queries.find_payment(connection, company_id, payment["id"])
        assert current is not None
        await record_refunded(connection, current, refund, gateway_refund_id, now=now)
        left -= part


async def record_refunded(
    connection: AsyncConnection,
    payment: queries.Row,
    refund: queries.Row,
    gateway_refund_id: str | None,
    *,
    now: datetime,
) -> None:
    """Record that a refund went out, once."""
    if refund["status"] in ("succeeded", "failed", "cancelled"):
        return
    company_id, amount = payment["company_id"], refund["amount"]
    await queries.change_refund(
        connection,
        refund,
        status="succeeded",
        gateway_refund_id=gateway_refund_id or refund["gateway_refund_id"],
        processed_at=now,
    )
    share = await _share_of(connection, payment, refund["order_id"])
    await queries.add_to_allocation(connection, share, refunded_amount=amount)
    refunded = payment["refunded_amount"] + amount
    status = rules.status_after_refund(payment["captured_amount"], refunded)
    await queries.change_payment(
        connection, payment, refunded_amount=refunded, payment_status=status, refunded_at=now
    )
    await queries.write_history(
        connection, payment, status, at=now, note=refund["reason"], refund_id=refund["id"]
    )
    await _tell(
        connection, payment, "payment.refunded", refund["id"], refund["order_id"], amount, refund["reason"]
    )
    await paying.note_refunded(
        connection,
        company_id,
        refund["order_id"],
        refund_id=refund["id"],
        amount=amount,
        is_whole=share["refunded_amount"] + amount >= share["captured_amount"],
        now=now,
        reason=refund["reason"],
        user_id=refund["requested_by"],
    )


async def record_refund_failed(
    connection: AsyncConnection,
    payment: queries.Row,
    refund: queries.Row,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    """Record that a refund did not go out: its amount may be asked for again."""
    if refund["status"] in ("succeeded", "failed", "cancelled"):
        return
    await queries.change_refund(
        connection, refund, status="failed", failure_reason=(reason or "refused")[:500], processed_at=now
    )
    share = await _share_of(connection, payment, refund["order_id"])
    await queries.add_to_allocation(connection, share, refund_reserved_amount=-refund["amount"])
    await queries.write_history(
        connection, payment, "refund failed", at=now, note=reason, refund_id=refund["id"]
    )
    await _tell(
        connection, payment, "refund.failed", refund["id"], refund["order_id"], refund["amount"], reason
    )


def refundable(share: Mapping[str, Any]) -> Decimal:
    """Return what may still be refunded of an order's share."""
    left: Decimal = share["captured_amount"] - share["refund_reserved_amount"]
    return left


async def _share_of(connection: AsyncConnection, payment: Mapping[str, Any], order_id: UUID) -> queries.Row:
    shares = await queries.list_allocations(connection, payment["company_id"], payment["id"])
    return next(share for share in shares if share["order_id"] == order_id)


async def _tell(
    connection: AsyncConnection,
    payment: Mapping[str, Any],
    type: str,
    refund_id: UUID,
    order_id: UUID,
    amount: Decimal,
    reason: str | None,
) -> None:
    await append_event(
        connection,
        company_id=payment["company_id"],
        type=type,
        aggregate_type="payment",
        aggregate_id=payment["id"],
        payload={
            "payment_id": str(payment["id"]),
            "refund_id": str(refund_id),
            "order_id": str(order_id),
            "customer_id": None if payment["customer_id"] is None else str(payment["customer_id"]),
            "amount": str(amount),
            "currency": payment["currency"],
            "reason": reason,
        },
    )
