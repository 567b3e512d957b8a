"""Stock rolled forward day by day along sample paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class StockProjection:
    """Stock and lost demand per item, path and day.

    `stock_units` is what is left at the end of the day; below zero are customers who wait.
    `lost_units` is demand of the day that nobody will come back for.
    """

    stock_units: IntArray
    lost_units: IntArray

    @property
    def waiting_units(self) -> IntArray:
        """Units that customers wait for at the end of the day."""
        waiting: IntArray = np.maximum(-self.stock_units, 0)
        return waiting


def project_stock(
    start_units: IntArray, receipts: IntArray, demand: IntArray, allow_backorder: BoolArray
) -> StockProjection:
    """Receive, sell what is there, lose or backorder the rest; day after day.

    Parameters
    ----------
    start_units : ndarray of shape (n_items,)
        Stock at the beginning; negative if customers wait already. They are served first.
    receipts, demand : ndarray of shape (n_items, n_paths, n_days)
        Units received at the start of the day, and wanted during it.
    allow_backorder : ndarray of shape (n_items,)
        Whether unmet demand waits; otherwise it is lost.

    Returns
    -------
    StockProjection

    Examples
    --------
    >>> rolled = project_stock(
    ...     np.array([5], dtype=np.int32),
    ...     np.array([[[0, 0, 4]]], dtype=np.int32),
    ...     np.array([[[3, 4, 1]]], dtype=np.int32),
    ...     np.array([False]),
    ... )
    >>> rolled.stock_units[0, 0].tolist(), rolled.lost_units[0, 0].tolist()
    ([2, 0, 3], [0, 2, 0])
    """
    n_items, n_paths, n_days = demand.shape
    stock = np.repeat(start_units.astype(np.int32)[:, None], n_paths, axis=1)
    waiting_items = np.flatnonzero(allow_backorder)
    # Days first: each step then reads and writes memory in one piece.
    received_by_day, wanted_by_day = _days_first(receipts), _days_first(demand)
    stock_by_day = np.empty((n_days, n_items, n_paths), dtype=np.int32)
    lost_by_day = np.empty_like(stock_by_day)
    for day in range(n_days):
        wanted = wanted_by_day[day]
        stock += received_by_day[day]
        served = np.minimum(wanted, np.maximum(stock, 0))
        served[waiting_items] = wanted[waiting_items]
        stock -= served
        stock_by_day[day] = stock
        lost_by_day[day] = wanted - served
    return StockProjection(_days_last(stock_by_day), _days_last(lost_by_day))


def _days_first(units: IntArray) -> IntArray:
    return np.ascontiguousarray(np.moveaxis(units, 2, 0))


def _days_last(units: IntArray) -> IntArray:
    return np.ascontiguousarray(np.moveaxis(units, 0, 2))
