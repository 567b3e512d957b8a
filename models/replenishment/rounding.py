"""Minimum order quantities and packs."""

from __future__ import annotations

import math


def round_order(need: float, *, moq_units: int, pack_units: int, max_units: int | None = None) -> int:
    """Round a need up to whole packs, at least the minimum, at most the largest pack multiple allowed.

    The minimum itself need not be a multiple of the pack. A guard of 1e-9 keeps 48.0000000001 at 48.

    Examples
    --------
    >>> round_order(37, moq_units=50, pack_units=12), round_order(0, moq_units=50, pack_units=12)
    (60, 0)
    """
    if need <= 0:
        return 0
    packs = math.ceil(max(need, moq_units) / pack_units - 1e-9)
    if max_units is not None:
        packs = min(packs, max_units // pack_units)
    return packs * pack_units


def neighbours(need: int, *, moq_units: int, pack_units: int) -> tuple[int, int]:
    """Give the orderable quantities just below (0 if none) and at or above a need."""
    above = round_order(need, moq_units=moq_units, pack_units=pack_units)
    below = need // pack_units * pack_units
    return (below if below >= max(moq_units, 1) else 0), above
