"""Decisions on orders that need no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

NEXT_STATUSES: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"processing", "cancelled"}),
    "processing": frozenset({"shipped", "cancelled"}),
    "shipped": frozenset({"delivered"}),
    "delivered": frozenset({"completed"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
    "returned": frozenset(),
    "refunded": frozenset(),
}
"""What a person may make of an order."""

FOLLOWING_STATUSES: Mapping[str, frozenset[str]] = {
    "delivered": frozenset({"returned", "refunded"}),
    "completed": frozenset({"refunded"}),
    "returned": frozenset({"refunded"}),
    # Paid after the hold had expired, and the stock was still there.
    "cancelled": frozenset({"pending"}),
}
"""What follows from returns, refunds and late payments, and is nobody's to choose."""

EVENT_TYPES: Mapping[str, str] = {
    "pending": "order.reopened",
    "confirmed": "order.confirmed",
    "processing": "order.started",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "completed": "order.completed",
    "cancelled": "order.cancelled",
    "returned": "order.returned",
    "refunded": "order.refunded",
}
"""The event that tells of a new status; the source documents' names where they have one."""

CANCELLABLE_STATUSES = frozenset(
    status for status, following in NEXT_STATUSES.items() if "cancelled" in following
)
SENDABLE_STATUSES = frozenset({"confirmed", "processing"})
"""From these goods may be sent; a confirmed order is in processing from its first shipment on."""

NEXT_PAYMENT_STATUSES: Mapping[str, frozenset[str]] = {
    "unpaid": frozenset({"authorised", "paid", "failed", "voided"}),
    "failed": frozenset({"authorised", "paid", "voided"}),
    "authorised": frozenset({"paid", "failed", "voided"}),
    "paid": frozenset({"partly_refunded", "refunded"}),
    "partly_refunded": frozenset({"refunded"}),
    "refunded": frozenset(),
    "voided": frozenset({"authorised", "paid"}),
}


def can_become(status: str, next_status: str) -> bool:
    """Tell whether a person may bring an order from one status to the other."""
    return next_status in NEXT_STATUSES[status]


def can_follow(status: str, next_status: str) -> bool:
    """Tell whether an order may go from one status to the other, by a person or by what happens to it."""
    return can_become(status, next_status) or next_status in FOLLOWING_STATUSES.get(status, ())


def can_be_paid_as(payment_status: str, next_status: str) -> bool:
    """Tell whether a payment status leads to another."""
    return next_status in NEXT_PAYMENT_STATUSES[payment_status]


def may_complete(delivered_at: datetime, *, return_window_days: int, now: datetime) -> bool:
    """Tell whether the time in which a delivered order may be returned has passed."""
    return now >= delivered_at + timedelta(days=return_window_days)


def next_by_units(status: str, lines: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the status that an order's units bring about, if it is another.

    Shipped when all its uncancelled units are, delivered when all of them are, returned when all of them
    came back, cancelled when none is left.
    """
    units = [
        (line["quantity_units"] - line["cancelled_units"], line["fulfilled_units"], line) for line in lines
    ]
    kept = sum(left for left, _, _ in units)
    if status in CANCELLABLE_STATUSES and kept == 0:
        return "cancelled"
    if status == "processing" and kept == sum(sent for _, sent, _ in units):
        return "shipped"
    if status == "shipped" and kept == sum(line["delivered_units"] for *_, line in units):
        return "delivered"
    if status == "delivered" and 0 < kept == sum(line["returned_units"] for *_, line in units):
        return "returned"
    return None
