"""Decisions on checkouts that need no database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

CheckoutStatus = Literal["open", "paid", "cancelled"]
_PAID = frozenset({"authorised", "paid", "partly_refunded", "refunded"})


def status_of(orders: Collection[tuple[str, str]]) -> CheckoutStatus:
    """Tell a checkout's status from the status and payment status of its orders.

    Open until it is paid for, cancelled when all orders are; a checkout whose hold has run out is cancelled
    by the sweeper, and lives again if it is paid for late and its stock is still there.

    Examples
    --------
    >>> status_of([("pending", "unpaid"), ("pending", "unpaid")])
    'open'
    >>> status_of([("confirmed", "paid"), ("cancelled", "unpaid")])
    'paid'
    """
    if all(status == "cancelled" for status, _ in orders):
        return "cancelled"
    if any(payment_status in _PAID for _, payment_status in orders):
        return "paid"
    return "open"
