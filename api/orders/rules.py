"""Decisions on orders that need no database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

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
"""What a person may make of an order. Returned and refunded follow from returns and refunds."""

EVENT_TYPES: Mapping[str, str] = {
    "confirmed": "order.confirmed",
    "processing": "order.started",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "completed": "order.completed",
    "cancelled": "order.cancelled",
}
"""The event that tells of a new status; the source documents' names where they have one."""


def can_become(status: str, next_status: str) -> bool:
    """Tell whether an order may go from one status to the other."""
    return next_status in NEXT_STATUSES[status]


def may_complete(delivered_at: datetime, *, return_window_days: int, now: datetime) -> bool:
    """Tell whether the time in which a delivered order may be returned has passed."""
    return now >= delivered_at + timedelta(days=return_window_days)
