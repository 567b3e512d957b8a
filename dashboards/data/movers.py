"""Which products gained and which lost most against the time before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def movers(
    now: Sequence[Row], before: Sequence[Row], *, measure: str, limit: int
) -> tuple[list[Row], list[Row]]:
    """Return the products whose ``measure`` rose most and fell most, by amount; new and vanished ones too.

    Examples
    --------
    >>> a, b = ({"product_id": name, "sku": name, "units": units} for name, units in (("a", 5), ("b", 2)))
    >>> risen, fallen = movers([a], [{**a, "units": 3}, b], measure="units", limit=5)
    >>> [(row["product_id"], row["gain"], row["change"]) for row in (*risen, *fallen)]
    [('a', 2, 0.6666666666666666), ('b', -2, -1.0)]
    """
    earlier = {row["product_id"]: row for row in before}
    current = {row["product_id"]: row for row in now}
    rows = []
    for product_id, row in (earlier | current).items():
        value = current[product_id][measure] if product_id in current else 0
        past = earlier[product_id][measure] if product_id in earlier else 0
        rows.append(
            {**row, "now": value, "before": past, "gain": value - past, "change": change_ratio(value, past)}
        )
    risen = sorted((row for row in rows if row["gain"] > 0), key=lambda row: (-row["gain"], row["sku"]))
    fallen = sorted((row for row in rows if row["gain"] < 0), key=lambda row: (row["gain"], row["sku"]))
    return list(risen[:limit]), list(fallen[:limit])


def change_ratio(now: Any, before: Any) -> float | None:
    """Return the change as a share of what was before; None where there is nothing to compare with."""
    return None if now is None or not before else float((now - before) / abs(before))
