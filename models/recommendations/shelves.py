"""Scores of items for customers, and the shelves cut from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.recommendations.purchases import FloatArray, IntArray, Purchases
from models.recommendations.settings import RecommendationSettings
from models.recommendations.signals import item_trend, own_history, recent_buyers
from models.recommendations.together import TogetherTable, items_together

SHELVES = ("buy_again", "new_for_you", "for_you", "trending")
BLOCK_CUSTOMERS = 1024
# Far below any personal score: popularity orders what history and co-purchase leave untouched.
_FILL = 1e-6


@dataclass(frozen=True)
class Signals:
    """Everything that scores are made of, for one company and day."""

    history: sparse.csr_array
    together: TogetherTable
    trend: FloatArray
    buyers: IntArray
    returned: sparse.csr_array
    is_sellable: NDArray[np.bool_]


@dataclass(frozen=True)
class ShelfRows:
    """Listed items: positions of customer and item with rank (from 1) and score."""

    customer: IntArray
    item: IntArray
    rank: IntArray
    score: FloatArray


def learn_signals(
    purchases: Purchases, is_sellable: NDArray[np.bool_], settings: RecommendationSettings
) -> Signals:
    """Learn all signals from purchases."""
    return Signals(
        history=own_history(purchases, half_life_days=settings.history_half_life_days),
        together=items_together(purchases, settings),
        trend=item_trend(purchases, trend_days=settings.trend_days),
        buyers=recent_buyers(purchases, settings),
        returned=purchases.returned,
        is_sellable=is_sellable,
    )


@dataclass(frozen=True)
class BlockScores:
    """Scores of all items for a block of customers; zero or `barred` is never listed."""

    first_customer: int
    again: FloatArray
    new: FloatArray
    both: FloatArray
    trending: FloatArray
    barred: NDArray[np.bool_]


def score_block(signals: Signals, customers: slice, settings: RecommendationSettings) -> BlockScores:
    """Score all items for some customers.

    With P own history, E co-purchase with it (largest 1), and T trend: `again` is P T^0.5 of bought
    items; `new` is E T of others; `both` is P T^0.5 + weight E T^0.75; `trending` is recent buyers
    times T, the same for everybody. Popular items come after all others in the two in the middle. What
    can't be sold, or what the customer has sent back, is barred.
    """
    own = signals.history[customers].toarray()
    near = (signals.history[customers] @ signals.together.matrix()).toarray()
    near /= np.maximum(near.max(axis=1, keepdims=True, initial=0.0), 1e-12)
    fill = _FILL * (1 + signals.buyers) / (1 + signals.buyers.max(initial=0))
    again = own * signals.trend**0.5
    return BlockScores(
        first_customer=customers.start,
        again=again,
        new=np.where(own > 0, 0.0, near * signals.trend + fill),
        both=again + settings.discovery_weight * near * signals.trend**0.75 + fill,
        trending=signals.buyers * signals.trend,
        barred=~signals.is_sellable | signals.returned[customers].toarray(),
    )


def cut_shelves(scores: BlockScores, *, depth: int, settings: RecommendationSettings) -> dict[str, ShelfRows]:
    """Cut all shelves; ``for_you`` is the mixed score with some positions kept for new items."""
    start, barred = scores.first_customer, scores.barred
    for_you = _with_slots(
        best_items(scores.both, barred, depth),
        best_items(scores.new, barred, len(settings.discovery_slots)),
        slots=settings.discovery_slots,
    )
    return {
        "buy_again": _ranked(best_items(scores.again, barred, depth), scores.again, start),
        "new_for_you": _ranked(best_items(scores.new, barred, depth), scores.new, start),
        "for_you": _ranked(for_you, scores.both, start),
        "trending": _trending(scores, depth),
    }


def mixed_order(scores: BlockScores, *, depth: int) -> ShelfRows:
    """The ``for_you`` order before positions are kept for new items: the pure mixed score."""
    return _ranked(best_items(scores.both, scores.barred, depth), scores.both, scores.first_customer)


def _trending(scores: BlockScores, depth: int) -> ShelfRows:
    """One order for everybody, less what a customer must not see."""
    deep = np.argsort(-scores.trending, kind="stable")
    deep = deep[scores.trending[deep] > 0]
    allowed = ~scores.barred[:, deep]
    shown = allowed & (np.cumsum(allowed, axis=1) <= depth)
    everybody = np.broadcast_to(scores.trending, scores.barred.shape)
    return _ranked(np.where(shown, deep, -1), everybody, scores.first_customer)


def best_items(scores: FloatArray, barred: NDArray[np.bool_], depth: int) -> IntArray:
    """Positions of the best allowed items per row, -1 where there are no more."""
    allowed = np.where(barred, 0.0, scores)
    depth = min(depth, allowed.shape[1])
    if depth == 0:
        return np.empty((len(allowed), 0), dtype=np.int64)
    top = np.sort(np.argpartition(-allowed, depth - 1, axis=1)[:, :depth], axis=1)
    order = np.argsort(-np.take_along_axis(allowed, top, axis=1), axis=1, kind="stable")
    best: IntArray = np.take_along_axis(top, order, axis=1)
    return np.where(np.take_along_axis(allowed, best, axis=1) > 0, best, -1)


def _ranked(chosen: IntArray, scores: FloatArray, offset: int) -> ShelfRows:
    row, place = np.nonzero(chosen >= 0)
    item = chosen[row, place]
    rank = np.cumsum(chosen >= 0, axis=1)[row, place]
    return ShelfRows(row + offset, item, rank.astype(np.int64), scores[row, item])


def _with_slots(base: IntArray, fresh: IntArray, *, slots: tuple[int, ...]) -> IntArray:
    """Put the best new items (`fresh`) into the kept positions of each row of `base`."""
    if not slots:
        return base
    chosen = np.full_like(base, -1)
    for row in range(len(base)):
        kept = [int(item) for item in fresh[row] if item >= 0]
        rest = [int(item) for item in base[row] if item >= 0 and item not in kept]
        listed: list[int] = []
        while kept or rest:
            take_new = kept and (len(listed) + 1 in slots or not rest)
            listed.append(kept.pop(0) if take_new else rest.pop(0))
        chosen[row, : len(listed)] = listed[: base.shape[1]]
    return chosen
