"""Turn units sold into orders: what lies in one basket, who bought it, when, and what became of it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.demo.assortment import Assortment
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.simulate import Simulation

_BASKET_END_RATIO = 0.42
_GUEST_RATIO_ONLINE = 0.15
_GUEST_RATIO_SHOP = 0.45
_LOYAL_TO_CATEGORY_RATIO = 0.75
_COUPON_RATIO = 0.04
_OPEN_HOURS_SHOP = (9.0, 18.0)
_OPEN_HOURS_ONLINE = (8.0, 21.0)
CANCELLED_RATIO = 0.015


@dataclass(frozen=True)
class Customers:
    """The company's customers: the category each likes best, and the day of joining."""

    favourite: NDArray[np.int64]
    joined_day: NDArray[np.int64]
    weight: NDArray[np.float64]


def draw_customers(plan: CompanyPlan, days: int, random: np.random.Generator) -> Customers:
    """Draw customers; one in three was there from the first day, and a few buy very often."""
    count = plan.customers
    joined = np.where(random.random(count) < 0.35, 0, random.integers(0, days, count))
    return Customers(
        favourite=random.integers(0, len(plan.categories), count),
        joined_day=joined,
        weight=random.pareto(1.8, count) + 0.2,
    )


def fill_baskets(
    plan: CompanyPlan,
    assortment: Assortment,
    simulation: Simulation,
    customers: Customers,
    random: np.random.Generator,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return orders and their lines.

    Orders: ``order`` (0, 1, …), ``day``, ``shop``, ``customer`` (null: a guest), ``second`` (of the day),
    ``has_coupon``, ``is_cancelled``. Lines: ``order``, ``variant``, ``quantity_units``,
    ``restocked_units``, ``written_off_units``, ``return_day``.
    """
    lines = _put_units_into_baskets(assortment, simulation, random)
    orders = lines.group_by("order", maintain_order=True).agg(
        pl.col("day").first(), pl.col("shop").first(), pl.col("category").first()
    )
    orders = orders.with_columns(customer=_choose_customers(plan, orders, customers, random))
    orders = _choose_details(plan, orders, random)
    orders, lines = _add_cancelled(orders, lines, random)
    return orders.drop("category"), lines.drop("day", "shop", "category")


def _put_units_into_baskets(
    assortment: Assortment, simulation: Simulation, random: np.random.Generator
) -> pl.DataFrame:
    """Lay a day's units side by side, like beside like, and cut the row into baskets."""
    day, shop, variant = np.nonzero(simulation.sold)
    cell = (day, shop, variant)
    count = simulation.sold[cell]
    rank = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    restocked = np.repeat(simulation.restocked_returns[cell], count)
    written_off = np.repeat(simulation.written_off_returns[cell], count)
    units = pl.DataFrame(
        {
            "day": np.repeat(day, count),
            "shop": np.repeat(shop, count),
            "variant": np.repeat(variant, count),
            "category": assortment.category[np.repeat(variant, count)],
            "return_day": np.repeat(day + simulation.return_delay[cell], count),
            "restocked_units": (rank < restocked).astype(np.int64),
            "written_off_units": ((rank >= restocked) & (rank < restocked + written_off)).astype(np.int64),
            "place": assortment.category[np.repeat(variant, count)] + random.normal(0, 0.6, count.sum()),
            "is_last": random.random(count.sum()) < _BASKET_END_RATIO,
        }
    ).sort("day", "shop", "place")
    starts = (
        pl.col("is_last").shift(1, fill_value=True)
        | (pl.col("day") != pl.col("day").shift(1, fill_value=-1))
        | (pl.col("shop") != pl.col("shop").shift(1, fill_value=-1))
    )
    return (
        units.with_columns(order=starts.cast(pl.Int64).cum_sum() - 1)
        .group_by("order", "variant", maintain_order=True)
        .agg(
            pl.col("day", "shop", "category", "return_day").first(),
            pl.len().cast(pl.Int64).alias("quantity_units"),
            pl.col("restocked_units", "written_off_units").sum(),
        )
    )


def _choose_customers(
    plan: CompanyPlan, orders: pl.DataFrame, customers: Customers, random: np.random.Generator
) -> pl.Series:
    """Give most baskets to a customer who likes their category and has joined; the rest are guests'."""
    count = orders.height
    category, day = orders["category"].to_numpy(), orders["day"].to_numpy()
    is_loyal = random.random(count) < _LOYAL_TO_CATEGORY_RATIO
    chance = random.random(count)
    chosen = np.full(count, -1)
    for favourite in range(-1, len(plan.categories)):
        baskets = np.flatnonzero(np.where(is_loyal, category, -1) == favourite)
        pool = (
            np.arange(plan.customers) if favourite < 0 else np.flatnonzero(customers.favourite == favourite)
        )
        pool = pool[np.argsort(customers.joined_day[pool], kind="stable")]
        total = np.cumsum(customers.weight[pool])
        joined = np.searchsorted(customers.joined_day[pool], day[baskets], side="right")
        known = joined > 0
        target = chance[baskets] * total[np.maximum(joined, 1) - 1]
        chosen[baskets] = np.where(known, pool[np.searchsorted(total, target)], -1)
    online = np.array([shop.is_online for shop in plan.shops])[orders["shop"].to_numpy()]
    is_guest = random.random(count) < np.where(online, _GUEST_RATIO_ONLINE, _GUEST_RATIO_SHOP)
    return pl.Series("customer", np.where(is_guest, -1, chosen)).replace(-1, None)


def _choose_details(plan: CompanyPlan, orders: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    count = orders.height
    online = np.array([shop.is_online for shop in plan.shops])[orders["shop"].to_numpy()]
    opens = np.where(online, _OPEN_HOURS_ONLINE[0], _OPEN_HOURS_SHOP[0])
    closes = np.where(online, _OPEN_HOURS_ONLINE[1], _OPEN_HOURS_SHOP[1])
    hour = opens + (closes - opens) * random.beta(2.0, 1.8, count)
    has_coupon = (random.random(count) < _COUPON_RATIO) & online & orders["customer"].is_not_null().to_numpy()
    return orders.with_columns(
        second=pl.Series((hour * 3600).astype(np.int64)),
        is_online=pl.Series(online),
        has_coupon=pl.Series(has_coupon),
        is_cancelled=pl.lit(False),
    )


def _add_cancelled(
    orders: pl.DataFrame, lines: pl.DataFrame, random: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add orders that were cancelled at once and placed again: they move no stock."""
    is_twin = pl.Series(random.random(orders.height) < CANCELLED_RATIO) & orders["is_online"]
    twins = orders.filter(is_twin).with_columns(
        is_cancelled=pl.lit(True), second=pl.col("second") - 240, twin_of=pl.col("order")
    )
    twins = twins.with_columns(order=pl.int_range(pl.len()).cast(pl.Int64) + orders.height)
    twin_lines = (
        twins.select("order", "twin_of")
        .join(lines.rename({"order": "twin_of"}), on="twin_of", maintain_order="left_right")
        .drop("twin_of")
        .with_columns(restocked_units=pl.lit(0, pl.Int64), written_off_units=pl.lit(0, pl.Int64))
    )
    return (
        pl.concat([orders, twins.drop("twin_of")]),
        pl.concat([lines, twin_lines.select(lines.columns)]),
    )
