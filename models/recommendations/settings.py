"""Choices of the recommender, with the values measured best on Online Retail II."""

from __future__ import annotations

from dataclasses import dataclass


class RecommendationInputError(ValueError):
    """The purchases or settings cannot be recommended from; the message says which and why."""


@dataclass(frozen=True)
class RecommendationSettings:
    """Settings of the lists; tuned on the validation split only.

    `history_half_life_days` fades a customer's own baskets (180 to 365 days are equal, 30 to 90 worse).
    `discovery_weight` is the say of co-purchase against own history in one list, and
    `discovery_slots` are positions (from 1) of the list kept for items new to the customer: without
    them the list is a re-order list: 0.7 % of customers hit a new item, with two slots 24 %, for 6 %
    less ndcg.
    """

    history_half_life_days: float = 365.0
    together_half_life_days: float = 180.0
    together_shrink_baskets: float = 10.0
    together_min_baskets: int = 3
    together_depth: int = 50
    trend_days: int = 28
    popular_days: int = 14
    discovery_weight: float = 0.3
    discovery_slots: tuple[int, ...] = (5, 10)
    min_reason_share_ratio: float = 0.15

    def __post_init__(self) -> None:
        half_lives = (self.history_half_life_days, self.together_half_life_days)
        if min(half_lives) <= 0 or min(self.trend_days, self.popular_days, self.together_depth) < 1:
            raise RecommendationInputError("half-lives, windows and depths must be above zero")
        if not 0 <= self.discovery_weight <= 10 or not 0 <= self.min_reason_share_ratio <= 1:
            raise RecommendationInputError("discovery_weight must be 0 to 10, the reason's share 0 to 1")
