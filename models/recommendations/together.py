"""Which items share baskets more than their sales explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.recommendations.purchases import FloatArray, IntArray, Purchases
from models.recommendations.settings import RecommendationSettings

_LEAST_WEIGHT = 1e-150


@dataclass(frozen=True)
class TogetherTable:
    """Neighbours of items: row positions `item` and `other`, best `score` first per item."""

    item: IntArray
    other: IntArray
    score: FloatArray
    common_baskets: IntArray
    n_items: int

    def matrix(self) -> sparse.csr_array:
        """Scores as a sparse matrix, item by other."""
        return self._sparse(self.score)

    def common(self) -> sparse.csr_array:
        """Common baskets as a sparse matrix, item by other."""
        return self._sparse(self.common_baskets.astype(np.float64))

    def _sparse(self, values: FloatArray) -> sparse.csr_array:
        return sparse.csr_array((values, (self.item, self.other)), shape=(self.n_items, self.n_items))


def items_together(purchases: Purchases, settings: RecommendationSettings) -> TogetherTable:
    """Cosine of items over baskets; large and old baskets count less.

    A basket of n items weighs 1 / (n - 1), halved every `together_half_life_days`. The cosine of a pair
    is multiplied by c / (c + shrink) for c common baskets, and pairs with fewer than the minimum are
    left out: plain lift would pick rare coincidences (ndcg .020 against .183 here).
    """
    n_items = len(purchases.item_ids)
    n_baskets = int(purchases.basket.max()) + 1 if len(purchases.basket) else 0
    size = np.bincount(purchases.basket, minlength=n_baskets)
    several = size[purchases.basket] > 1
    basket, item, age = purchases.basket[several], purchases.item[several], purchases.age_days[several]
    weight = 0.5 ** (age / settings.together_half_life_days) / (size[basket] - 1)
    shape = (n_baskets, n_items)
    ones = sparse.csr_array((np.ones(len(item), dtype=np.int32), (basket, item)), shape=shape)
    # Never zero, so that both products have their entries at the same places.
    root = sparse.csr_array((np.sqrt(np.maximum(weight, _LEAST_WEIGHT)), (basket, item)), shape=shape)
    common = sparse.csr_array(ones.T) @ ones
    weighted = sparse.csr_array(root.T) @ root
    norm = np.sqrt(weighted.diagonal())

    row = np.repeat(np.arange(n_items), np.diff(common.indptr))
    enough = (common.data >= settings.together_min_baskets) & (row != common.indices)
    row, column, count = row[enough], common.indices[enough], common.data[enough]
    score = weighted.data[enough] / (norm[row] * norm[column])
    score *= count / (count + settings.together_shrink_baskets)
    best = _best_of_each(row, score, column, depth=settings.together_depth)
    return TogetherTable(
        row[best].astype(np.int64),
        column[best].astype(np.int64),
        score[best],
        count[best].astype(np.int64),
        n_items,
    )


def _best_of_each(group: IntArray, score: FloatArray, name: IntArray, *, depth: int) -> IntArray:
    """Positions of each group's `depth` highest scores, best first, of equal ones the lowest name.

    Groups are contiguous. Only what reaches a group's last wanted score is put in order: a tenth of all.
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    ends = np.append(starts, len(group))[1:]
    reaches = np.ones(len(group), dtype=np.bool_)
    for start, end in zip(starts, ends, strict=True):
        if end - start > depth:
            part = score[start:end]
            reaches[start:end] = part >= np.partition(part, -depth)[-depth]
    chosen = np.flatnonzero(reaches)
    chosen = chosen[np.lexsort((name[chosen], -score[chosen], group[chosen]))]
    return chosen[_rank_within(group[chosen]) <= depth]


def _rank_within(groups: IntArray) -> IntArray:
    """Number the rows of each group from 1; groups are contiguous."""
    first = np.concatenate([[True], groups[1:] != groups[:-1]]) if len(groups) else np.empty(0, bool)
    starts = np.flatnonzero(first)
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups)))) + 1
