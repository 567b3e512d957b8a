"""Decisions on payments that need no database and no provider."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from core.money import spread

DEFAULT_METHODS: Final[Sequence[tuple[str, str]]] = (
    ("credit_card", "Credit card"),
    ("debit_card", "Debit card"),
    ("upi", "UPI"),
    ("net_banking", "Net banking"),
    ("wallet", "Wallet"),
    ("paypal", "PayPal"),
    ("bank_transfer", "Bank transfer"),
)
PAYABLE_ORDER_STATUSES: Final = frozenset({"pending", "confirmed", "processing"})
UNPAID: Final = frozenset({"unpaid", "failed", "voided"})
PROCESSABLE: Final = frozenset({"pending", "failed", "processing"})
"""Statuses in which a payment may still be tried."""

_CARD_DIGITS = range(13, 20)
_DIGIT_RUN = re.compile(r"(?<![0-9])[0-9](?:[ \-.]?[0-9]){12,18}(?![0-9])")
# 2 to 6 are the first digits of the card networks; instants in milliseconds start with 1.
_FIRST_DIGITS = "23456"


def passes_luhn(digits: str) -> bool:
    """Tell whether the check digit fits (ISO/IEC 7812-1, annex B).

    Examples
    --------
    >>> passes_luhn("4242424242424242"), passes_luhn("4242424242424241")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def looks_like_card_number(text: str) -> bool:
    """Tell whether ``text`` holds what may be a card number, also with spaces, dots or dashes in it."""
    for match in _DIGIT_RUN.finditer(text):
        digits = re.sub(r"[^0-9]", "", match[0])
        if len(digits) in _CARD_DIGITS and digits[0] in _FIRST_DIGITS and passes_luhn(digits):
            return True
    return False


def find_card_number(content: Any, pointer: str = "") -> str | None:
    """Return the pointer of the first text, name or number in ``content`` that may be a card number."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if looks_like_card_number(str(name)):
                return pointer
            found = find_card_number(value, f"{pointer}/{name}")
            if found is not None:
                return found
        return None
    if isinstance(content, (list, tuple)):
        for place, value in enumerate(content):
            found = find_card_number(value, f"{pointer}/{place}")
            if found is not None:
                return found
        return None
    if content is None or isinstance(content, bool):
        return None
    return pointer if looks_like_card_number(str(content)) else None


def share_captured(shares: Sequence[Decimal], captured: Decimal, currency: str) -> list[Decimal]:
    """Spread what was captured over the orders' shares; the whole amount gives each its whole share.

    Examples
    --------
    >>> share_captured([Decimal("10.00"), Decimal("5.00")], Decimal("10.00"), "EUR")
    [Decimal('6.67'), Decimal('3.33')]
    """
    if captured == sum(shares):
        return list(shares)
    return spread(captured, shares, currency=currency)


def status_after_refund(captured: Decimal, refunded: Decimal) -> str:
    """Payment status of a paid order or payment of which ``refunded`` went back."""
    if refunded <= 0:
        return "paid"
    return "refunded" if refunded >= captured else "partly_refunded"
