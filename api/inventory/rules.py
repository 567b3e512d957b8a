"""Decisions on stock that need no database."""

from __future__ import annotations

from typing import Literal

StockAlert = Literal["inventory.low_stock", "inventory.out_of_stock"]


def is_allowed(*, on_hand_units: int, reserved_units: int, allow_backorder: bool) -> bool:
    """Tell whether a level may become this: never below zero, nor below what is promised."""
    return on_hand_units >= 0 and (allow_backorder or reserved_units <= on_hand_units)


def crossed_alert(before_units: int, after_units: int, *, threshold_units: int) -> StockAlert | None:
    """Return the alert that a fall of the available units sets off, once a crossing.

    ``placement.sql`` decides the same for orders.
    """
    if before_units > 0 >= after_units:
        return "inventory.out_of_stock"
    if before_units > threshold_units >= after_units:
        return "inventory.low_stock"
    return None
