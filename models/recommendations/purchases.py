"""Purchases as sparse matrices: who bought what in which basket, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from models.recommendations.settings import RecommendationInputError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
COLUMNS = ("customer_id", "basket_id", "item_id", "ordered_date", "kept_units")


@dataclass(frozen=True)
class Purchases:
    """Kept purchases, one row per basket and item, up to the day they were read for.

    `customer`, `buyer`, `basket` and `item` are positions; a guest has customer -1 and is a buyer of
    its own basket only. `returned` marks pairs of customer and item of which nothing was kept.
    """

    customer_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    customer: IntArray
    buyer: IntArray
    basket: IntArray
    item: IntArray
    age_days: IntArray
    returned: sparse.csr_array

    @property
    def shape(self) -> tuple[int, int]:
        """Customers and items."""
        return len(self.customer_ids), len(self.item_ids)

    @property
    def history_days(self) -> int:
        """Days since the first purchase, that day included."""
        return int(self.age_days.max()) + 1 if len(self.age_days) else 1

    def customer_matrix(self, values: FloatArray) -> sparse.csr_array:
        """Sum `values` of the rows by customer and item, guests left out."""
        known = self.customer >= 0
        return sparse.csr_array((values[known], (self.customer[known], self.item[known])), shape=self.shape)


def read_purchases(frame: pl.DataFrame, *, as_of: date) -> Purchases:
    """Read purchases up to and including `as_of`; later rows change nothing.

    Only what was kept counts, and baskets count, not pieces: wholesalers would dominate otherwise.

    Raises
    ------
    RecommendationInputError
        If a column is missing, or a basket, item or date is null.
    """
    absent = [name for name in COLUMNS if name not in frame.columns]
    if absent:
        raise RecommendationInputError(f"purchases lack the columns {', '.join(absent)}")
    rows = frame.select(COLUMNS).filter(pl.col("ordered_date") <= as_of)
    if sum(rows.select("basket_id", "item_id").null_count().row(0)):
        raise RecommendationInputError("purchases have rows without basket or item")
    lines = (
        rows.group_by("basket_id", "item_id")
        .agg(
            pl.col("customer_id").drop_nulls().min(),
            pl.col("ordered_date").min(),
            pl.col("kept_units").sum(),
        )
        .sort("basket_id", "item_id")
    )
    customers = lines["customer_id"].drop_nulls().unique().sort()
    items = lines["item_id"].unique().sort()
    pairs = (
        lines.drop_nulls("customer_id").group_by("customer_id", "item_id").agg(pl.col("kept_units").sum())
    ).filter(pl.col("kept_units") <= 0)
    kept = lines.filter(pl.col("kept_units") > 0)
    customer = _positions(kept["customer_id"], customers)
    basket = _positions(kept["basket_id"], kept["basket_id"].unique().sort())
    age = kept.select(days=(pl.lit(as_of) - pl.col("ordered_date")).dt.total_days())["days"]
    return Purchases(
        customer_ids=tuple(customers.to_list()),
        item_ids=tuple(items.to_list()),
        customer=customer,
        buyer=np.where(customer >= 0, customer, len(customers) + basket),
        basket=basket,
        item=_positions(kept["item_id"], items),
        age_days=age.to_numpy().astype(np.int64),
        returned=sparse.csr_array(
            (
                np.ones(pairs.height, dtype=np.bool_),
                (_positions(pairs["customer_id"], customers), _positions(pairs["item_id"], items)),
            ),
            shape=(len(customers), len(items)),
        ),
    )


def _positions(values: pl.Series, known: pl.Series) -> IntArray:
    """Position of each value in a sorted list of unique ones; -1 for null."""
    table = pl.DataFrame({"value": known, "position": np.arange(len(known), dtype=np.int64)})
    joined = values.alias("value").to_frame().join(table, on="value", how="left", maintain_order="left")
    return joined["position"].fill_null(-1).to_numpy()
