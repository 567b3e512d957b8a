"""The inventory report: one set of figures that the API and the page both show.

Readers of some shops see the locations that serve those shops; stock has no shop of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.metrics.ask import Answer, ask
from core.metrics.filters import Filters
from core.metrics.inventory import (
    HEADLINES,
    ageing,
    dead_stock,
    last_stock_day,
    lowest_stock,
    stock_outs,
    stock_summary,
    supplier_performance,
    turnover,
    valuation_totals,
)
from core.metrics.period import Comparison, Period
from core.metrics.queryable import Queryable

COURSE = ("stock_value_amount", "stock_cost_of_sales_amount", "stock_out_hours", "lost_sales_amount")


@dataclass(frozen=True)
class StockScope:
    """Which shops, locations and categories are looked at; None is all of them, an empty tuple none."""

    shop_ids: tuple[str, ...] | None = None
    location_ids: tuple[str, ...] | None = None
    category_ids: tuple[str, ...] | None = None

    def filters(self, snapshot: Queryable) -> Filters:
        """Return the filters that stock knows: shops become the locations that serve them."""
        locations = self.location_ids
        if self.shop_ids is not None:
            served = shop_locations(snapshot, self.shop_ids)
            locations = served if locations is None else tuple(each for each in locations if each in served)
        return Filters(location_ids=locations, category_ids=self.category_ids)


@dataclass(frozen=True)
class StockReport:
    """Stock at the end of a period and what happened in it."""

    period: Period
    totals: dict[str, Any]
    valuation: dict[str, Any]
    ageing: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    stock_outs: list[dict[str, Any]]
    suppliers: list[dict[str, Any]]
    dead_stock: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    lowest: list[dict[str, Any]]


def shop_locations(snapshot: Queryable, shop_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the locations that serve these shops."""
    rows = snapshot.rows(
        "select distinct location_id from srv_shop_locations"
        " where shop_id in (select unnest(?::varchar[])) order by 1",
        [list(shop_ids)],
    )
    return tuple(row["location_id"] for row in rows)


def locations_within(snapshot: Queryable, *, shop_ids: tuple[str, ...] | None) -> dict[str, str]:
    """Return the locations that serve these shops, all without shops, by name."""
    served = None if shop_ids is None else shop_locations(snapshot, shop_ids)
    rows = snapshot.rows("select location_id, location_name from srv_locations order by 2, 1")
    return {
        row["location_id"]: row["location_name"]
        for row in rows
        if served is None or row["location_id"] in served
    }


def stock_report(snapshot: Queryable, *, period: Period, scope: StockScope, limit: int) -> StockReport:
    """Return the report; lists have ``limit`` rows at most, those that matter most in money first."""
    filters = scope.filters(snapshot)
    day = min(period.last_date, last_stock_day(snapshot) or period.last_date)
    return StockReport(
        period=period,
        totals=stock_figures(snapshot, period=period, scope=scope).totals,
        valuation=valuation_totals(snapshot, day=day, filters=filters),
        ageing=ageing(snapshot, day=day, filters=filters),
        categories=turnover(snapshot, period, by="category", filters=filters, limit=limit).rows,
        stock_outs=stock_outs(snapshot, period, filters=filters, limit=limit).rows,
        suppliers=supplier_performance(snapshot, period, filters=filters, limit=limit).rows,
        dead_stock=dead_stock(snapshot, day=day, filters=filters, limit=limit),
        statuses=stock_summary(snapshot, filters=filters),
        lowest=lowest_stock(snapshot, filters=filters, limit=limit),
    )


def stock_figures(
    snapshot: Queryable,
    *,
    period: Period,
    scope: StockScope,
    measures: Sequence[str] = HEADLINES,
    by: Sequence[str] = (),
    compare: Comparison = "none",
    limit: int | None = None,
) -> Answer:
    """Return figures of stock within a scope, over time or by what they are cut by."""
    return ask(
        snapshot,
        measures=measures,
        dimensions=by,
        period=period,
        filters=scope.filters(snapshot),
        compare=compare,
        limit=limit,
    )
