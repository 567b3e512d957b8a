"""Why an item is on a shelf, so that it can be checked from the stored tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommendations.purchases import FloatArray, IntArray, Purchases
from models.recommendations.shelves import ShelfRows, Signals

BOUGHT_BEFORE, BECAUSE_BOUGHT, TRENDING, POPULAR = (
    "BOUGHT_BEFORE",
    "BECAUSE_BOUGHT",
    "TRENDING",
    "POPULAR",
)
# Half as many buyers again as usual is worth telling.
_TELLING_TREND = 1.5
NO_ITEM = -1
NO_AGE = -1


@dataclass(frozen=True)
class Reasons:
    """One reason per listed row.

    `other` is the purchase that led to the item (NO_ITEM without one); `count` is the customer's
    baskets, the common baskets, or recent buyers, by code; `age_days` says when the customer last
    bought the item or the other one (NO_AGE without).
    """

    code: NDArray[np.str_]
    other: IntArray
    count: IntArray
    age_days: IntArray


@dataclass(frozen=True)
class PurchaseFacts:
    """Baskets and age of the last purchase (plus 1) per customer and item."""

    baskets: sparse.csr_array
    last_age_plus_one: sparse.csr_array
    common: sparse.csr_array
    scores_by_other: sparse.csr_array


def collect_facts(purchases: Purchases, signals: Signals) -> PurchaseFacts:
    """Gather what reasons quote."""
    known = purchases.customer >= 0
    order = np.argsort(-purchases.age_days[known], kind="stable")
    pair = (purchases.customer[known] * purchases.shape[1] + purchases.item[known])[order]
    newest = {"pair": pair[::-1], "age": purchases.age_days[known][order][::-1]}
    unique, first = np.unique(newest["pair"], return_index=True)
    last = sparse.csr_array(
        (
            newest["age"][first] + 1.0,
            (unique // max(purchases.shape[1], 1), unique % max(purchases.shape[1], 1)),
        ),
        shape=purchases.shape,
    )
    return PurchaseFacts(
        baskets=purchases.customer_matrix(np.ones(len(purchases.item))),
        last_age_plus_one=last,
        common=signals.together.common(),
        scores_by_other=sparse.csr_array(signals.together.matrix().T),
    )


def explain_rows(
    rows: ShelfRows, signals: Signals, facts: PurchaseFacts, *, min_share_ratio: float | None
) -> Reasons:
    """Find the reason of each row.

    Bought before if it was. Otherwise the single purchase that gives most of the co-purchase score, if
    it gives at least `min_share_ratio` of it: less would not be honest. Otherwise trending or popular.
    With None for the share only the last two are considered.
    """
    baskets = np.zeros(len(rows.item), dtype=np.int64)
    other = np.full(len(rows.item), NO_ITEM)
    if min_share_ratio is not None:
        baskets = _read(facts.baskets, rows.customer, rows.item).astype(np.int64)
        unexplained = np.flatnonzero(baskets == 0)
        other[unexplained] = _strongest(
            rows.customer[unexplained], rows.item[unexplained], signals, facts, min_share_ratio
        )
    is_again, is_because = baskets > 0, other != NO_ITEM
    is_trending = ~is_again & ~is_because & (signals.trend[rows.item] >= _TELLING_TREND)
    quoted = np.where(is_because, other, rows.item)
    common = _read(facts.common, quoted, rows.item).astype(np.int64)
    last = _read(facts.last_age_plus_one, rows.customer, quoted).astype(np.int64) - 1
    return Reasons(
        code=np.select(
            [is_again, is_because, is_trending], [BOUGHT_BEFORE, BECAUSE_BOUGHT, TRENDING], POPULAR
        ),
        other=other,
        count=np.select([is_again, is_because], [baskets, common], signals.buyers[rows.item]),
        age_days=np.where(is_again | is_because, last, NO_AGE),
    )


def _strongest(
    customer: IntArray, item: IntArray, signals: Signals, facts: PurchaseFacts, min_share_ratio: float
) -> IntArray:
    """The purchase that gives most of each co-purchase score; NO_ITEM if its share is too small."""
    part = sparse.csr_array(signals.history[customer].multiply(facts.scores_by_other[item]))
    if part.nnz == 0:
        return np.full(len(item), NO_ITEM)
    total = np.asarray(part.sum(axis=1)).ravel()
    largest = part.max(axis=1).toarray().ravel()
    return np.where(
        (total > 0) & (largest >= min_share_ratio * total), _first_column_with(part, largest), NO_ITEM
    )


def _first_column_with(matrix: sparse.csr_array, wanted: FloatArray) -> IntArray:
    """The first column of each row that holds the wanted value, NO_ITEM if none does.

    (The matrix's own argmax takes a step in Python for every row.)
    """
    matrix.sort_indices()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    hits = np.flatnonzero(matrix.data == wanted[row])
    rows, first = np.unique(row[hits], return_index=True)
    column = np.full(matrix.shape[0], NO_ITEM)
    column[rows] = matrix.indices[hits[first]]
    return column


def _read(matrix: sparse.csr_array, row: IntArray, column: IntArray) -> FloatArray:
    if len(row) == 0 or matrix.nnz == 0:
        return np.zeros(len(row))
    values: FloatArray = np.asarray(matrix[row, column], dtype=np.float64).ravel()
    return values
