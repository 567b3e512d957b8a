"""How good the lists would have been: learnt on the past, judged on the last four weeks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from models.recommendations.purchases import FloatArray, IntArray, Purchases, read_purchases
from models.recommendations.settings import RecommendationSettings
from models.recommendations.shelves import (
    BLOCK_CUSTOMERS,
    ShelfRows,
    best_items,
    cut_shelves,
    learn_signals,
    mixed_order,
    score_block,
)
from models.recommendations.signals import count_buyers

TOP = 10
TEST_DAYS = 28
# Deep enough that ten new items are left when the bought ones are taken out.
_DEPTH = 60
# Below this many judged customers the figures are noise and no gate may rest on them.
ENOUGH_CUSTOMERS = 200
BASELINES = ("popularity", "p_topfreq")

ACCURACY_SCHEMA = {
    "method": pl.String,
    "is_baseline": pl.Boolean,
    "recall_at_10": pl.Float64,
    "ndcg_at_10": pl.Float64,
    "new_recall_at_10": pl.Float64,
    "new_ndcg_at_10": pl.Float64,
    "n_customers": pl.Int64,
    "is_enough": pl.Boolean,
    "split_date": pl.Date,
}


@dataclass(frozen=True)
class _Truth:
    """What customers of the past bought in the test time; `unlisted` counts items never sold before."""

    bought: sparse.csr_array
    unlisted: IntArray
    bought_before: sparse.csr_array


def backtest_recommendations(
    purchases: pl.DataFrame, *, as_of: date, settings: RecommendationSettings, test_days: int = TEST_DAYS
) -> pl.DataFrame:
    """Judge lists and baselines on purchases of the last `test_days`, learnt from those before.

    Every customer who bought both before and in the test time is judged, without recommendations too.
    ``new_`` figures look only at items the customer hadn't bought: repeats hide how good discovery is.
    Methods: ``mixed`` (the score behind ``for_you``), ``for_you`` (with positions kept for new items),
    ``new_for_you``; baselines ``popularity`` (buyers ever) and ``p_topfreq`` (own most frequent items).

    Returns
    -------
    DataFrame
        One row per method; empty if nobody can be judged. Items not sold before the split can't be
        listed and count as missed.
    """
    split = as_of - timedelta(days=test_days)
    past = read_purchases(purchases, as_of=split)
    truth = _truth(purchases, past, split=split, as_of=as_of)
    wanted = truth.bought.sum(axis=1) + truth.unlisted
    judged = np.flatnonzero((wanted > 0) & (np.diff(truth.bought_before.indptr) > 0))
    if len(judged) == 0:
        return pl.DataFrame(schema=ACCURACY_SCHEMA)
    rows = [
        {
            "method": name,
            "is_baseline": name in BASELINES,
            **_measure(listed, judged, truth),
            "n_customers": len(judged),
            "is_enough": len(judged) >= ENOUGH_CUSTOMERS,
            "split_date": split,
        }
        for name, listed in _all_lists(past, judged, settings).items()
    ]
    return pl.DataFrame(rows, schema=ACCURACY_SCHEMA)


def _truth(purchases: pl.DataFrame, past: Purchases, *, split: date, as_of: date) -> _Truth:
    later = (
        purchases.filter(
            pl.col("ordered_date") > split,
            pl.col("ordered_date") <= as_of,
            pl.col("kept_units") > 0,
        )
        .select("customer_id", "item_id")
        .drop_nulls()
        .unique()
    )
    customers = pl.DataFrame({"customer_id": past.customer_ids}, schema={"customer_id": pl.String})
    items = pl.DataFrame({"item_id": past.item_ids}, schema={"item_id": pl.String})
    pairs = later.join(customers.with_row_index("row"), on="customer_id").join(
        items.with_row_index("column"), on="item_id", how="left"
    )
    listed = pairs.drop_nulls("column")
    unlisted = pairs.filter(pl.col("column").is_null())["row"].to_numpy()
    ones = np.ones(listed.height)
    return _Truth(
        sparse.csr_array((ones, (listed["row"].to_numpy(), listed["column"].to_numpy())), shape=past.shape),
        np.bincount(unlisted, minlength=past.shape[0]),
        past.customer_matrix(np.ones(len(past.item))),
    )


def _all_lists(past: Purchases, judged: IntArray, settings: RecommendationSettings) -> dict[str, IntArray]:
    """Every method's list for each judged customer, in their order; all customers teach."""
    signals = learn_signals(past, np.ones(len(past.item_ids), dtype=np.bool_), settings)
    signals = replace(signals, history=signals.history[judged], returned=signals.returned[judged])
    names = ("mixed", "for_you", "new_for_you", "p_topfreq")
    lists = {name: np.full((len(judged), _DEPTH), -1) for name in names}
    baskets = past.customer_matrix(np.ones(len(past.item)))[judged]
    for start in range(0, len(judged), BLOCK_CUSTOMERS):
        block = slice(start, start + BLOCK_CUSTOMERS)
        scores = score_block(signals, block, settings)
        shelves = cut_shelves(scores, depth=_DEPTH, settings=settings)
        _fill(lists["mixed"], mixed_order(scores, depth=_DEPTH))
        _fill(lists["for_you"], shelves["for_you"])
        _fill(lists["new_for_you"], shelves["new_for_you"])
        # Own items by number of baskets; the faded history, at most 1, decides between equals.
        frequency = baskets[block].toarray() + 0.5 * signals.history[block].toarray()
        own = best_items(frequency, np.zeros(frequency.shape, dtype=np.bool_), _DEPTH)
        lists["p_topfreq"][block, : own.shape[1]] = own
    return lists | {"popularity": _popularity(past, len(judged))}


def _fill(lists: IntArray, rows: ShelfRows) -> None:
    lists[rows.customer, rows.rank - 1] = rows.item


def _popularity(past: Purchases, n_customers: int) -> IntArray:
    best = np.argsort(-count_buyers(past), kind="stable")[:_DEPTH]
    lists = np.full((n_customers, _DEPTH), -1)
    lists[:, : len(best)] = best
    return lists


def _measure(listed: IntArray, judged: IntArray, truth: _Truth) -> dict[str, float]:
    is_hit = _read(truth.bought, judged, listed)
    is_known = _read(truth.bought_before, judged, listed)
    wanted = np.asarray(truth.bought[judged].sum(axis=1)).ravel() + 1.0 * truth.unlisted[judged]
    repeats = truth.bought[judged].multiply(truth.bought_before[judged] > 0)
    wanted_new = wanted - np.asarray(repeats.sum(axis=1)).ravel()
    recall, ndcg = _gain(is_hit, listed >= 0, wanted)
    new_recall, new_ndcg = _gain(is_hit, (listed >= 0) & ~is_known, wanted_new)
    return {
        "recall_at_10": recall,
        "ndcg_at_10": ndcg,
        "new_recall_at_10": new_recall,
        "new_ndcg_at_10": new_ndcg,
    }


def _read(pairs: sparse.csr_array, rows: IntArray, listed: IntArray) -> NDArray[np.bool_]:
    row = np.repeat(rows, listed.shape[1])
    values = np.asarray(pairs[row, np.maximum(listed, 0).ravel()]).reshape(listed.shape)
    return (values > 0) & (listed >= 0)


def _gain(is_hit: NDArray[np.bool_], counts: NDArray[np.bool_], wanted: FloatArray) -> tuple[float, float]:
    """Mean recall and NDCG at ten of the rows that count, re-ranked, over customers who wanted some."""
    place = np.cumsum(counts, axis=1)
    hit = is_hit & counts & (place <= TOP)
    discounted = np.where(hit, 1 / np.log2(np.maximum(place, 1) + 1), 0.0).sum(axis=1)
    ideal = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, TOP + 2)))])
    some = wanted > 0
    if not some.any():
        return float("nan"), float("nan")
    best = ideal[np.minimum(wanted[some], TOP).astype(np.int64)]
    return float((hit[some].sum(axis=1) / wanted[some]).mean()), float((discounted[some] / best).mean())
