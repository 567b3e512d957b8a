"""Which products are bought in the same orders, counted plainly: for people who read the numbers.

The recommender's pairs (`models.recommendations.together`) are weighted by age and size of baskets to rank
suggestions; these are counts, so that support, confidence and lift can be checked by hand.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

COLUMNS = ("basket_id", "item_id")
MOST_ITEMS = 1_000
MOST_PAIRS = 1_000
FEWEST_BASKETS = 3


def basket_pairs(lines: pl.DataFrame) -> pl.DataFrame:
    """Count the baskets of pairs of items, most first.

    Parameters
    ----------
    lines : DataFrame
        `basket_id`, `item_id`: what was kept, guests' baskets too. An item counts once in a basket.

    Returns
    -------
    DataFrame
        `item_id` < `other_item_id`, `rank` from 1, `common_baskets`, `item_baskets`, `other_baskets`,
        `baskets_count` (all baskets). Pairs among the 1,000 items in most baskets, with three common baskets
        or more; the 1,000 with most common baskets, of equal ones those of higher lift.

    Examples
    --------
    >>> lines = pl.DataFrame({"basket_id": list("aabbcc"), "item_id": ["tea", "mug"] * 3})
    >>> basket_pairs(lines).row(0)
    ('mug', 'tea', 1, 3, 3, 3, 3)
    """
    bought = lines.select(COLUMNS).unique()
    items = (
        bought.group_by("item_id")
        .agg(pl.len().cast(pl.Int64).alias("item_baskets"))
        .sort(["item_baskets", "item_id"], descending=[True, False])
        .head(MOST_ITEMS)
        .sort("item_id")
        .with_row_index("item")
    )
    baskets_count = bought["basket_id"].n_unique()
    common = _common(bought, items)
    row, column = np.nonzero(np.triu(common, k=1) >= FEWEST_BASKETS)
    pairs = pl.DataFrame(
        {"item": row, "other": column, "common_baskets": common[row, column].astype(np.int64)},
        schema={"item": pl.UInt32, "other": pl.UInt32, "common_baskets": pl.Int64},
    )
    others = items.select(
        pl.col("item").alias("other"),
        pl.col("item_id").alias("other_item_id"),
        pl.col("item_baskets").alias("other_baskets"),
    )
    chance = pl.col("item_baskets").cast(pl.Float64) * pl.col("other_baskets")
    return (
        pairs.join(items, on="item")
        .join(others, on="other")
        .with_columns((pl.col("common_baskets") / chance).alias("lift"))
        .sort(["common_baskets", "lift", "item_id", "other_item_id"], descending=[True, True, False, False])
        .head(MOST_PAIRS)
        .with_columns(
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("rank"),
            pl.lit(baskets_count, dtype=pl.Int64).alias("baskets_count"),
        )
        .select(
            "item_id", "other_item_id", "rank", "common_baskets", "item_baskets", "other_baskets",
            "baskets_count",
        )
    )  # fmt: skip


def _common(bought: pl.DataFrame, items: pl.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Baskets of each two items, as a matrix of the items in order of their ids."""
    placed = bought.join(items.select("item_id", "item"), on="item_id")
    baskets = placed.select("basket_id").unique().with_row_index("basket")
    placed = placed.join(baskets, on="basket_id")
    ones = sparse.csr_array(
        (
            np.ones(len(placed), dtype=np.int32),
            (placed["basket"].to_numpy().astype(np.int64), placed["item"].to_numpy().astype(np.int64)),
        ),
        shape=(len(baskets), len(items)),
    )
    product = sparse.csr_array(ones.T) @ ones
    return np.asarray(product.toarray(), dtype=np.int32)
