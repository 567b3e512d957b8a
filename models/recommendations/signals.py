"""What is bought now, and by whom again: own history, trend and popularity."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from models.recommendations.purchases import FloatArray, IntArray, Purchases
from models.recommendations.settings import RecommendationSettings

_PRIOR_BUYERS = 2.0


def own_history(purchases: Purchases, *, half_life_days: float) -> sparse.csr_array:
    """Share of each item in a customer's faded history: baskets halve every `half_life_days`.

    Rows are divided by their largest value, so the customer's first item has 1.
    """
    faded = purchases.customer_matrix(0.5 ** (purchases.age_days / half_life_days))
    largest = faded.max(axis=1).toarray().ravel() if faded.nnz else np.zeros(faded.shape[0])
    scale = sparse.diags_array(1 / np.where(largest > 0, largest, 1.0))
    return sparse.csr_array(scale @ faded)


def count_buyers(purchases: Purchases, *, within_days: int | None = None) -> IntArray:
    """Distinct buyers of each item, in the last `within_days` (today included) or ever."""
    recent = slice(None) if within_days is None else purchases.age_days < within_days
    n_buyers = int(purchases.buyer.max(initial=0)) + 1
    pairs = np.unique(purchases.item[recent] * n_buyers + purchases.buyer[recent])
    return np.bincount(pairs // n_buyers, minlength=len(purchases.item_ids))


def item_trend(purchases: Purchases, *, trend_days: int) -> FloatArray:
    """Recent buyers against what the item's whole history would give in the same time; 1 is as usual.

    Two imagined buyers on both sides keep rare items near 1. It demotes dead items and lifts new ones.
    """
    usual = count_buyers(purchases) * trend_days / max(purchases.history_days, trend_days)
    recent = count_buyers(purchases, within_days=trend_days)
    trend: FloatArray = (recent + _PRIOR_BUYERS) / (usual + _PRIOR_BUYERS)
    return trend


def recent_buyers(purchases: Purchases, settings: RecommendationSettings) -> IntArray:
    """Buyers in the popularity window; of the newest window that has any if that one is empty."""
    days = settings.popular_days
    while days < purchases.history_days:
        buyers = count_buyers(purchases, within_days=days)
        if buyers.any():
            return buyers
        days *= 2
    return count_buyers(purchases)
