"""How numbers, money and times are written."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.money import currency_digits, round_amount

NO_VALUE = "–"
_WHOLE_FROM = 1000


def money(amount: Decimal | str | float | None, currency: str) -> str:
    """Write an amount to the cent, with its currency's code: a sign could be another currency's.

    >>> money("27095.4", "GBP"), money("1200", "JPY"), money(None, "EUR")
    ('27,095.40 GBP', '1,200 JPY', '–')
    """
    if amount is None:
        return NO_VALUE
    return f"{round_amount(Decimal(str(amount)), currency):,} {currency}"


def headline(amount: Decimal | None, currency: str) -> str:
    """Write an amount for a headline that names the currency itself: from a thousand on without cents.

    >>> headline(Decimal("27095.43"), "GBP"), headline(Decimal("38.4"), "GBP")
    ('27,095', '38.40')
    """
    if amount is None:
        return NO_VALUE
    if abs(amount) >= _WHOLE_FROM:
        return f"{amount:,.0f}"
    return f"{round_amount(amount, currency):,}"


def amount_format(currency: str) -> str:
    """Return the format of a table's column of amounts."""
    return f"%,.{currency_digits(currency)}f"


def change(now: Decimal | int | float | None, before: Decimal | int | float | None) -> str | None:
    """Write the change against the period before; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    now, before = Decimal(str(now)), Decimal(str(before))
    return f"{(now - before) / abs(before):+.1%}"


def value_text(value: Any, format: str, currency: str) -> str:
    """Write a figure as a headline by its metric's format; a figure that is not known is a dash, not 0.

    >>> value_text(Decimal("27095.43"), "money", "GBP"), value_text(1234, "integer", "GBP")
    ('27,095', '1,234')
    >>> value_text(0.1234, "percent", "GBP"), value_text(12.34, "days", "GBP")
    ('12.3%', '12.3 d')
    """
    if value is None:
        return NO_VALUE
    if format == "money":
        return headline(Decimal(str(value)), currency)
    if format == "percent":
        return f"{value:.1%}"
    if format == "days":
        return f"{value:,.1f} d"
    is_whole = format == "integer" or abs(value) >= _WHOLE_FROM
    return f"{value:,.0f}" if is_whole else f"{value:,.2f}"


def exact_text(value: Any, format: str, currency: str) -> str:
    """Write a figure with all its digits, and the currency where it is money.

    >>> exact_text(Decimal("27095.43"), "money", "GBP"), exact_text(0.123456, "percent", "GBP")
    ('27,095.43 GBP', '12.346%')
    """
    if value is None:
        return "not known"
    if format == "money":
        return money(value, currency)
    if format == "percent":
        return f"{value:.3%}"
    return f"{value:,.0f}" if format == "integer" else f"{value:,.3f}" + (" days" if format == "days" else "")


def change_text(now: Any, before: Any, format: str) -> str | int | None:
    """Write a figure's change: shares by their difference in points, others by their ratio.

    None where there is nothing to compare with; the number 0 where nothing to speak of changed: it is drawn
    grey, where "+0.0%" would be green.

    >>> change_text(Decimal(119), Decimal(70), "money"), change_text(0.31, 0.29, "percent")
    ('+70.0%', '+2.0 points')
    >>> change_text(0.3100001, 0.31, "percent"), change_text(10001, 10000, "integer")
    (0, 0)
    >>> change_text(5, 5, "integer"), change_text(5, 0, "integer"), change_text(5, None, "integer")
    (0, None, None)
    """
    if now is None or before is None:
        return None
    if format == "percent":
        points = round((float(now) - float(before)) * 100, 1)
        return f"{points:+.1f} points" if points else 0
    written = change(now, before)
    return 0 if written in ("+0.0%", "-0.0%") or now == before else written


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


def item_name(item: dict[str, Any]) -> str:
    """Write a product with its variant, as a shelf label would."""
    variant = item.get("variant_name")
    return f"{item['product_name']}, {variant}" if variant else str(item["product_name"])
