"""Prices and costs of every day: a yearly rise, and promotions that lower the one and raise demand."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan, PromotionPlan

PRICE_RISE_DAYS_AGO = 300
_PRICE_RISE_RATIO = 1.04
_COST_RISE_DAYS_AGO = 330
_COST_RISE_RATIO = 1.03


@dataclass(frozen=True)
class PriceCalendar:
    """Prices by day and variant, in the currency's smallest coins."""

    regular_minor: NDArray[np.int64]
    price_minor: NDArray[np.int64]
    cost_minor: NDArray[np.int64]
    demand_uplift: NDArray[np.float64]


def plan_prices(plan: CompanyPlan, assortment: Assortment, dates: NDArray[np.datetime64]) -> PriceCalendar:
    """Return the prices of each day; an overlap of promotions takes the lower price."""
    days, variants = len(dates), len(assortment)
    coin = 50 if plan.minor_units == 100 else 10
    risen_price = np.round(assortment.price_minor * _PRICE_RISE_RATIO / coin).astype(np.int64) * coin
    risen_cost = np.round(assortment.cost_minor * _COST_RISE_RATIO).astype(np.int64)
    ages = days - np.arange(days)[:, None]
    regular = np.where(ages <= PRICE_RISE_DAYS_AGO, risen_price, assortment.price_minor)
    cost = np.where(ages <= _COST_RISE_DAYS_AGO, risen_cost, assortment.cost_minor)
    price = regular.copy()
    uplift = np.ones((days, variants))
    for promotion in plan.promotions:
        cells = np.ix_(promotion_days(promotion, dates), _variants_of(promotion.category, plan, assortment))
        lowered = np.round(regular[cells] * (1 - promotion.discount)).astype(np.int64)
        price[cells] = np.minimum(price[cells], lowered)
        uplift[cells] = np.maximum(uplift[cells], promotion.uplift)
    return PriceCalendar(regular, price, cost, uplift)


def promotion_days(promotion: PromotionPlan, dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return the positions of the days on which the promotion runs."""
    if promotion.days_ago is not None:
        starts = [np.datetime64(dates[-1] + 1 - promotion.days_ago)]
    else:
        month, day = map(int, (promotion.every_year or "").split("-"))
        years = {value.year for value in dates.tolist()}
        starts = [np.datetime64(date(year, month, day)) for year in sorted(years | {min(years) - 1})]
    return np.flatnonzero(
        np.any([(dates >= start) & (dates < start + promotion.days) for start in starts], axis=0)
    )


def change_days(values: NDArray[np.int64], first_days: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (day, variant) of each variant's first day and of every later day with another value."""
    differs = np.zeros(values.shape, dtype=bool)
    differs[1:] = values[1:] != values[:-1]
    differs &= np.arange(len(values))[:, None] > first_days
    differs[first_days, np.arange(values.shape[1])] = True
    return [(int(day), int(variant)) for day, variant in np.argwhere(differs)]


def _variants_of(category: str | None, plan: CompanyPlan, assortment: Assortment) -> NDArray[np.int64]:
    if category is None:
        return np.arange(len(assortment))
    names = [own.name for own in plan.categories]
    return np.flatnonzero(assortment.category == names.index(category))
