"""Exact arithmetic in expressions of metrics: money never becomes a float on the way."""

from __future__ import annotations


def amount_per(amount: str, count: str, *, digits: int = 2) -> str:
    """Return SQL for an amount per thing, rounded half away from zero to hundredths; null for no things.

    Whole numbers throughout: DuckDB divides decimals as floats, which round 10.05 / 2 down. ``count`` is a
    whole number, ``digits`` how many the amount has behind the point (2 or more).
    """
    parts = count if digits == 2 else f"{count} * {10 ** (digits - 2)}"
    hundredths = f"(2 * cast(abs({amount}) * {10**digits} as hugeint) + {parts}) // nullif(2 * {parts}, 0)"
    return f"(sign({amount}) * cast({hundredths} as decimal(18, 0)) * 0.01)"
