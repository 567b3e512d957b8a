"""What one more unit is worth, and how many units are worth it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.replenishment.projection import StockProjection

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Days today's order answers for, per item and path: from `arrival` up to `end` (not included).

    Stock before the arrival can't be changed by it, demand after the end is the next order's.
    A unit pays holding until it is used, at the latest until `holding_end`, about when the next order
    could have been cut instead.
    """

    arrival: IntArray
    end: IntArray
    holding_end: IntArray


@dataclass(frozen=True)
class UnitNeed:
    """When further units would be used: `used_by_end` (item, path) and `used` (item, path, day).

    `used` counts, at the end of each day, the units of an unlimited order that would be gone.
    `holds` marks the days on which a unit left over pays holding; `used_while_holding` counts the units
    used by the last of them, and `stock_then` is the stock of that day without the order.
    """

    used_by_end: NDArray[np.int32]
    used: NDArray[np.int32]
    holds: NDArray[np.bool_]
    used_while_holding: NDArray[np.int32]
    stock_then: NDArray[np.int32]


def need_of_units(projection: StockProjection, window: Window) -> UnitNeed:
    """Find when the first, second, … extra unit from the arrival on would be used.

    Lost sales: the k-th unit serves the k-th lost one. Backorders: the k-th unit is used as soon as k
    units are waited for.
    """
    n_days = projection.stock_units.shape[2]
    day = np.arange(n_days)
    since_arrival = day >= window.arrival[:, :, None]
    lost = np.cumsum(np.where(since_arrival, projection.lost_units, 0), axis=2, dtype=np.int32)
    waited = np.maximum.accumulate(np.where(since_arrival, projection.waiting_units, 0), axis=2)
    used = (lost + waited).astype(np.int32)
    by_end = np.where(window.end > window.arrival, _on_day(used, window.end - 1), 0).astype(np.int32)
    return UnitNeed(
        used_by_end=by_end,
        used=used,
        holds=since_arrival & (day < window.holding_end[:, :, None]),
        used_while_holding=_on_day(used, window.holding_end - 1),
        stock_then=np.maximum(_on_day(projection.stock_units, window.holding_end - 1), 0),
    )


def _on_day(units: NDArray[np.int32], day: IntArray) -> NDArray[np.int32]:
    """Read one day per item and path; days outside the horizon read its first or last."""
    inside = np.clip(day, 0, units.shape[2] - 1)
    chosen: NDArray[np.int32] = np.take_along_axis(units, inside[:, :, None], axis=2)[:, :, 0]
    return chosen


def unit_value(
    need: UnitNeed, units: IntArray, *, gain_amount: FloatArray, holding_amount: FloatArray
) -> FloatArray:
    """Value of the `units`-th unit of each item, money per unit; it falls with the unit.

    Gain times the chance that the unit is used before the window ends, less holding per day times the
    expected days that it waits.
    """
    nth = units[:, None]
    chance = (need.used_by_end >= nth).mean(axis=1)
    waits = ((need.used < nth[:, :, None]) & need.holds).sum(axis=(1, 2)) / need.used.shape[1]
    value: FloatArray = gain_amount * chance - holding_amount * waits
    return value


def order_value(
    need: UnitNeed, units: IntArray, *, gain_amount: FloatArray, holding_amount: FloatArray
) -> FloatArray:
    """Value of ordering `units` of each item: the sum of its units' values (`unit_value`)."""
    total = units[:, None]
    sold = np.minimum(need.used_by_end, total).mean(axis=1)
    left = np.maximum(total[:, :, None] - need.used, 0)
    waits = np.where(need.holds, left, 0).sum(axis=(1, 2)) / need.used.shape[1]
    value: FloatArray = gain_amount * sold - holding_amount * waits
    return value


def surplus_cost(
    need: UnitNeed, units: IntArray, *, daily_units: FloatArray, holding_amount: FloatArray
) -> FloatArray:
    """Cost of selling off what an order leaves behind once the next one has been cut.

    `unit_value` stops charging there, which is right for a few units too many, and wrong for a minimum
    order of two years' demand. A leftover of s units at mean demand d waits s * s / (2 d) unit-days
    more; stock that would be left without the order is not charged to it.
    """
    left = need.stock_then + np.maximum(units[:, None] - need.used_while_holding, 0)
    more = (left.astype(np.float64) ** 2 - need.stock_then.astype(np.float64) ** 2).mean(axis=1)
    cost: FloatArray = holding_amount * more / (2 * np.maximum(daily_units, 1e-6))
    return cost


def best_units(need: UnitNeed, *, gain_amount: FloatArray, holding_amount: FloatArray) -> IntArray:
    """Most units of each item that are all worth having: the largest k whose value is above zero.

    Found by halving, because the value never rises with k. No unit beyond the worst path's need can
    gain anything, so the search ends there.
    """
    low = np.zeros(len(gain_amount), dtype=np.int64)
    high = need.used_by_end.max(axis=1).astype(np.int64)
    while (low < high).any():
        middle = (low + high + 1) // 2
        value = unit_value(need, middle, gain_amount=gain_amount, holding_amount=holding_amount)
        worth = (value > 1e-12) & (low < high)
        low = np.where(worth, middle, low)
        high = np.where(worth, high, np.minimum(high, middle - 1))
    return low


def fill_rate(need: UnitNeed, units: IntArray, window_demand: IntArray) -> FloatArray:
    """Type 2 service of the window with the order: 1 - short / demand, a ratio of sums over paths."""
    short = np.maximum(need.used_by_end - units[:, None], 0).sum(axis=1)
    demand = window_demand.sum(axis=1)
    # Customers who waited before the window are short without being its demand, hence the bound.
    missed = np.divide(short, demand, out=np.zeros(len(units)), where=demand > 0)
    ratio: FloatArray = np.clip(1 - missed, 0.0, 1.0)
    return ratio


def cycle_service(need: UnitNeed, units: IntArray) -> FloatArray:
    """Type 1 service: chance that the window passes without any shortage."""
    service: FloatArray = (need.used_by_end <= units[:, None]).mean(axis=1)
    return service
