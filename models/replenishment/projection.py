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
    stock_units = np.empty((n_items, n_paths, n_days), dtype=np.int32)
    lost_units = np.empty_like(stock_units)
    may_wait = allow_backorder[:, None]
    for day in range(n_days):
        wanted = demand[:, :, day]
        stock = stock + receipts[:, :, day]
        served = np.where(may_wait, wanted, np.minimum(wanted, np.maximum(stock, 0)))
        stock = stock - served
        stock_units[:, :, day] = stock
        lost_units[:, :, day] = wanted - served
    return StockProjection(stock_units, lost_units)
