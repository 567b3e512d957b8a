"""What a manager should look at first: sentences from the figures that the page shows, worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

FALL_RATIO = 0.2
RETURNS_POINTS = 0.02


@dataclass(frozen=True)
class Alert:
    """One sentence, and the view that says more."""

    level: Literal["bad", "watch"]
    sentence: str
    view: str


def stock_alerts(statuses: Sequence[Mapping[str, Any]]) -> list[Alert]:
    """Return what stock says: items that are out, and items that soon will be."""
    items = {str(row["stock_status"]): int(row["items_count"]) for row in statuses}
    found = []
    if count := items.get("out_of_stock", 0):
        found.append(Alert("bad", f"{_counted(count, 'item')} out of stock.", "inventory"))
    if count := items.get("low_stock", 0):
        found.append(Alert("watch", f"{_counted(count, 'item')} low on stock.", "restock"))
    return found


def sales_alerts(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Alert]:
    """Return what the figures of whole days say, held against those before."""
    if before is None:
        return []
    found = []
    net_now, net_before = now.get("net_sales_amount"), before.get("net_sales_amount")
    if net_now is not None and net_before and float(net_now) < float(net_before) * (1 - FALL_RATIO):
        fall = 1 - float(net_now) / float(net_before)
        found.append(Alert("bad", f"Net sales fell by {fall:.0%}.", "sales"))
    rate_now, rate_before = now.get("returns_amount_ratio"), before.get("returns_amount_ratio")
    if rate_now is not None and rate_before is not None and rate_now - rate_before > RETURNS_POINTS:
        found.append(
            Alert("watch", f"Returns rose from {rate_before:.1%} to {rate_now:.1%} of net sales.", "sales")
        )
    return found


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun} is" if count == 1 else f"{count:,} {noun}s are"
