"""Exact arithmetic in expressions of metrics: money never becomes a float on the way."""

from __future__ import annotations


def amount_per(amount: str, count: str) -> str:
    """Return SQL for an amount per thing, rounded half away from zero to hundredths; null for no things.

    Whole numbers throughout: DuckDB divides decimals as floats, which round 10.05 / 2 down. ``count`` is a
    whole number.
    """
    hundredths = f"(2 * cast(abs({amount}) * 100 as hugeint) + {count}) // nullif(2 * {count}, 0)"
    return f"(sign({amount}) * cast({hundredths} as decimal(18, 0)) * 0.01)"
