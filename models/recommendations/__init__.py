"""Recommendations from purchases: what to buy again, what to discover, what goes together."""

from models.recommendations.recommend import RecommendationResult, recommend
from models.recommendations.settings import RecommendationInputError, RecommendationSettings

__all__ = ["RecommendationInputError", "RecommendationResult", "RecommendationSettings", "recommend"]
