"""How numbers, money and times are written."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

NO_VALUE = "–"


def money(amount: Decimal | str | float | None, currency: str) -> str:
    """Write an amount with its currency, without a sign that could be another currency's."""
    if amount is None:
        return NO_VALUE
    value = Decimal(str(amount))
    digits = 0 if value == value.to_integral_value() and abs(value) >= 1000 else 2
    return f"{value:,.{digits}f} {currency}"


def change(now: Decimal | int | None, before: Decimal | int | None) -> str | None:
    """Write the change against the period before; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return f"{(Decimal(now) - Decimal(before)) / abs(Decimal(before)):+.1%}"


def percent(ratio: float | None) -> str:
    """Write a ratio as a share of 100."""
    return NO_VALUE if ratio is None else f"{ratio:.0%}"


def age(since: datetime, now: datetime) -> str:
    """Write how long ago, in the largest unit that matters."""
    passed = max(now - since, timedelta())
    if passed < timedelta(minutes=2):
        return "just now"
    if passed < timedelta(hours=2):
        return f"{int(passed.total_seconds() // 60)} min ago"
    if passed < timedelta(days=2):
        return f"{int(passed.total_seconds() // 3600)} h ago"
    return f"{passed.days} days ago"


def local(instant: datetime, timezone: str) -> str:
    """Write an instant in the company's time zone."""
    return f"{instant.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def known(value: Any) -> str:
    """Write a value, or a dash where there is none."""
    return NO_VALUE if value is None else str(value)
