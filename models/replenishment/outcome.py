"""The numbers of each item's plan, computed for many items at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.replenishment import economics
from models.replenishment.economics import UnitNeed, Window
from models.replenishment.projection import StockProjection, project_stock
from models.replenishment.rounding import neighbours

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
# 32 items x 200 paths x 90 days of 32-bit numbers are 2 MB: a block stays near the cache.
BLOCK_ITEMS = 32
NO_STOCKOUT = -1


@dataclass(frozen=True)
class ItemNumbers:
    """Numbers per item, rows in the order of the items.

    `gain_amount` is what a unit that isn't lost earns, `holding_amount` what a unit costs per day;
    NaN where price or cost is unknown.
    """

    start_units: IntArray
    allow_backorder: NDArray[np.bool_]
    gain_amount: FloatArray
    holding_amount: FloatArray
    moq_units: IntArray
    pack_units: IntArray


@dataclass(frozen=True)
class Outcome:
    """What the plan found per item; amounts in money, the rest in units, days from `as_of` or ratios.

    `mean_*` are means over paths before rounding. `best_units` is the most that is worth having,
    `suggested_units` after minimum and packs, worth `order_amount`; `tried_units` is the same, or the
    rounded-up quantity that isn't worth ordering.
    """

    daily_units: FloatArray
    mean_window_demand: FloatArray
    mean_stock_at_arrival: FloatArray
    mean_on_order: FloatArray
    best_units: IntArray
    is_cover_capped: NDArray[np.bool_]
    suggested_units: IntArray
    tried_units: IntArray
    order_amount: FloatArray
    fill_rate_ratio: FloatArray
    cycle_service_ratio: FloatArray
    stockout_probability_ratio: FloatArray
    stockout_day: IntArray
    arrival_day: IntArray
    end_day: IntArray
    late_window_ratio: FloatArray


@dataclass(frozen=True)
class StockBand:
    """Stock per item and day if nothing is ordered: quantiles over paths, and the chance of none left."""

    p10_units: IntArray
    p50_units: IntArray
    p90_units: IntArray
    stockout_probability_ratio: FloatArray


def plan_items(
    items: ItemNumbers,
    demand: NDArray[np.int16],
    receipts: dict[int, list[tuple[int, IntArray]]],
    window: Window,
    *,
    max_cover_days: int,
    max_threads: int = 1,
) -> tuple[Outcome, StockBand]:
    """Plan all items, in blocks.

    Parameters
    ----------
    items : ItemNumbers
    demand : ndarray of shape (n_items, n_paths, n_days)
        Day 0 is the day of the plan.
    receipts : dict
        For a row of `items`, its open orders as (units, arrival day per path).
    window : Window
    max_cover_days : int
        Mean demand of so many days bounds stock, what is on order and the new order together.
    max_threads : int, default=1
        Blocks planned at the same time; the result doesn't depend on it.
    """

    def plan_block(rows: slice) -> tuple[Outcome, StockBand]:
        return _plan_block(items, demand, receipts, window, rows, max_cover_days)

    with ThreadPoolExecutor(max_workers=max_threads) as threads:
        parts = list(threads.map(plan_block, _blocks(demand.shape[0])))
    return _join(Outcome, [part[0] for part in parts]), _join(StockBand, [part[1] for part in parts])


def _blocks(n_items: int) -> Iterator[slice]:
    for start in range(0, max(n_items, 1), BLOCK_ITEMS):
        yield slice(start, min(start + BLOCK_ITEMS, n_items))


_Part = TypeVar("_Part", Outcome, StockBand)


def _join(kind: type[_Part], parts: list[_Part]) -> _Part:
    return kind(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(kind)))


def _plan_block(
    items: ItemNumbers,
    all_demand: NDArray[np.int16],
    all_receipts: dict[int, list[tuple[int, IntArray]]],
    all_windows: Window,
    rows: slice,
    max_cover_days: int,
) -> tuple[Outcome, StockBand]:
    demand = all_demand[rows].astype(np.int32)
    receipts = _receipts(all_receipts, rows, demand.shape)
    window = Window(all_windows.arrival[rows], all_windows.end[rows], all_windows.holding_end[rows])
    start, may_wait = items.start_units[rows].astype(np.int32), items.allow_backorder[rows]
    rolled = project_stock(start, receipts, demand, may_wait)
    need = economics.need_of_units(rolled, window)

    stock = _before_arrival(project_stock(start, np.zeros_like(receipts), demand, may_wait), start, window)
    on_order = _before_arrival(rolled, start, window) - stock + _between(receipts, window.arrival, window.end)
    daily_units = demand.mean(axis=(1, 2))
    cap = np.ceil(daily_units * max_cover_days - stock.mean(axis=1) - on_order.mean(axis=1) - 1e-9)
    gain, holding = items.gain_amount[rows], items.holding_amount[rows]
    best = economics.best_units(need, gain_amount=gain, holding_amount=holding)
    capped = np.minimum(best, np.maximum(cap, 0).astype(np.int64))
    suggested, tried, amount = _round(need, capped, items, rows, daily_units)
    window_demand = _between(demand, window.arrival, window.end)
    unmet = (rolled.lost_units > 0) | (rolled.stock_units < 0)
    outcome = Outcome(
        daily_units=daily_units,
        mean_window_demand=window_demand.mean(axis=1),
        mean_stock_at_arrival=stock.mean(axis=1),
        mean_on_order=on_order.mean(axis=1),
        best_units=capped,
        is_cover_capped=capped < best,
        suggested_units=suggested,
        tried_units=tried,
        order_amount=amount,
        fill_rate_ratio=economics.fill_rate(need, suggested, window_demand),
        cycle_service_ratio=economics.cycle_service(need, suggested),
        stockout_probability_ratio=(_first_day(unmet) < window.end).mean(axis=1),
        stockout_day=_median_stockout(unmet),
        arrival_day=_middle(window.arrival),
        end_day=_middle(window.end),
        late_window_ratio=(window.arrival >= demand.shape[2]).mean(axis=1),
    )
    return outcome, _band(rolled)


def _round(
    need: UnitNeed, best: IntArray, items: ItemNumbers, rows: slice, daily_units: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Choose between the orderable quantities around the best one, or none, by what each is worth."""
    moq, pack = items.moq_units[rows], items.pack_units[rows]
    pairs = [
        neighbours(int(units), moq_units=int(least), pack_units=int(size))
        for units, least, size in zip(best, moq, pack, strict=True)
    ]
    below, above = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def worth(units: IntArray) -> FloatArray:
        gain, holding = items.gain_amount[rows], items.holding_amount[rows]
        value = economics.order_value(need, units, gain_amount=gain, holding_amount=holding)
        surplus = economics.surplus_cost(need, units, daily_units=daily_units, holding_amount=holding)
        return np.nan_to_num(value - surplus)

    value_below, value_above = worth(below), worth(above)
    better = np.where(value_below > value_above, below, above)
    amount = np.maximum(value_below, value_above)
    suggested = np.where(amount > 1e-9, better, 0)
    return suggested, np.where(suggested > 0, suggested, above), amount


def _receipts(
    orders: dict[int, list[tuple[int, IntArray]]], rows: slice, shape: tuple[int, ...]
) -> NDArray[np.int32]:
    receipts = np.zeros(shape, dtype=np.int32)
    path = np.arange(shape[1])
    for row in range(rows.start, rows.stop):
        for units, days in orders.get(row, []):
            inside = days < shape[2]
            np.add.at(receipts[row - rows.start], (path[inside], days[inside]), units)
    return receipts


def _before_arrival(rolled: StockProjection, start: NDArray[np.int32], window: Window) -> NDArray[np.int32]:
    """Stock at the end of the day before the order arrives."""
    n_days = rolled.stock_units.shape[2]
    last = np.clip(window.arrival - 1, 0, n_days - 1)[:, :, None]
    stock = np.take_along_axis(rolled.stock_units, last, axis=2)[:, :, 0]
    before: NDArray[np.int32] = np.where(window.arrival > 0, stock, start[:, None])
    return before


def _between(units: NDArray[np.int32], start: IntArray, end: IntArray) -> NDArray[np.int64]:
    """Sum over the days from `start` up to `end`, per item and path."""
    day = np.arange(units.shape[2])
    inside = (day >= start[:, :, None]) & (day < end[:, :, None])
    total: NDArray[np.int64] = np.where(inside, units, 0).sum(axis=2, dtype=np.int64)
    return total


def _first_day(unmet: NDArray[np.bool_]) -> IntArray:
    """First day that is true per item and path; the number of days if none is."""
    first: IntArray = np.where(unmet.any(axis=2), unmet.argmax(axis=2), unmet.shape[2])
    return first


def _median_stockout(unmet: NDArray[np.bool_]) -> IntArray:
    first = _middle(_first_day(unmet))
    return np.where(first < unmet.shape[2], first, NO_STOCKOUT)


def _middle(days: IntArray) -> IntArray:
    middle: IntArray = np.quantile(days, 0.5, axis=1, method="inverted_cdf").astype(np.int64)
    return middle


def _band(rolled: StockProjection) -> StockBand:
    quantiles = np.quantile(rolled.stock_units, (0.1, 0.5, 0.9), axis=1, method="inverted_cdf")
    p10, p50, p90 = quantiles.astype(np.int64)
    return StockBand(p10, p50, p90, (rolled.stock_units <= 0).mean(axis=1))
