"""Stock figures of a company from a published snapshot: as of the build's horizon, of a day, of a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.metrics.ask import Answer, ask
from core.metrics.filters import EVERYTHING, Filters
from core.metrics.period import Period
from core.metrics.queryable import Queryable
from core.metrics.stock_layers import averages_query, held_query, layers_query, stock_conditions


def stock_summary(snapshot: Queryable, *, filters: Filters = EVERYTHING) -> list[dict[str, Any]]:
    """Return, per stock status, how many variant-locations, their units and their value at cost."""
    condition = stock_conditions(filters)
    return snapshot.rows(
        f"""
        with costs as (
            select variant_id, any_value(unit_cost_amount) as unit_cost_amount
            from srv_products group by variant_id
        )
        select
            levels.stock_status,
            count(*) as items_count,
            sum(levels.on_hand_units)::bigint as on_hand_units,
            sum(levels.reserved_units)::bigint as reserved_units,
            sum(levels.available_units)::bigint as available_units,
            coalesce(sum(levels.on_hand_units * costs.unit_cost_amount), 0)::decimal(18, 2)
                as stock_value_amount,
            count(*) filter (where costs.unit_cost_amount is null) as items_without_cost_count
        from (select * from srv_stock_levels where true{condition.sql}) as levels
        left join costs on levels.variant_id = costs.variant_id
        group by levels.stock_status
        order by levels.stock_status
        """,
        condition.parameters,
    )


def lowest_stock(snapshot: Queryable, *, filters: Filters = EVERYTHING, limit: int) -> list[dict[str, Any]]:
    """Return the variant-locations that are out of stock or low, the emptiest first."""
    condition = stock_conditions(filters)
    return snapshot.rows(
        f"""
        select location_id, location_name, variant_id, sku, product_name, on_hand_units, reserved_units,
            available_units, low_stock_threshold_units, stock_status
        from srv_stock_levels
        where stock_status not in ('in_stock', 'in_transit'){condition.sql}
        order by available_units, sku, location_name limit ?
        """,
        [*condition.parameters, limit],
    )


@dataclass(frozen=True)
class AgeBucket:
    """Stock by how long it has lain where it is: ``last_day`` is None for the open end."""

    first_day: int
    last_day: int | None

    @property
    def name(self) -> str:
        """``0-30`` or ``366+``."""
        return f"{self.first_day}+" if self.last_day is None else f"{self.first_day}-{self.last_day}"


AGE_BUCKETS = (
    AgeBucket(0, 30),
    AgeBucket(31, 60),
    AgeBucket(61, 90),
    AgeBucket(91, 180),
    AgeBucket(181, 365),
    AgeBucket(366, None),
)
DEAD_AFTER_DAYS = 90


def last_stock_day(snapshot: Queryable) -> date | None:
    """Return the last local day of which stock is known: the build's horizon; None without any stock."""
    (row,) = snapshot.rows("select max(span_date + days_count) - 1 as day from srv_stock_spans")
    day: date | None = row["day"]
    return day


def ageing(snapshot: Queryable, *, day: date, filters: Filters = EVERYTHING) -> list[dict[str, Any]]:
    """Return units and value of the stock at the end of ``day`` by the days that it has lain there.

    One row per bucket, also empty ones, youngest first. The oldest units leave first; the value is what the
    layers cost when they came.
    """
    layers = layers_query(day, filters)
    edges = ", ".join(f"({place}, {bucket.first_day})" for place, bucket in enumerate(AGE_BUCKETS))
    rows = snapshot.rows(
        f"""
        with layers as ({layers.sql}),
        buckets as (
            select
                place,
                first_day,
                coalesce(lead(first_day) over (order by place), 1000000) as next_first_day
            from (values {edges}) as edges (place, first_day)
        )
        select
            buckets.place,
            coalesce(sum(layers.lying_units), 0)::bigint as stock_units,
            coalesce(sum(layers.lying_units * layers.unit_cost_amount), 0)::decimal(18, 2)
                as stock_value_amount,
            count(distinct (layers.location_id, layers.variant_id))
                filter (where layers.variant_id is not null) as items_count
        from buckets
        left join layers
            on ?::date - layers.layer_date >= buckets.first_day
            and ?::date - layers.layer_date < buckets.next_first_day
        group by buckets.place order by buckets.place
        """,
        [*layers.parameters, day, day],
    )
    whole = sum((row["stock_value_amount"] for row in rows), Decimal(0))
    return [
        {
            "age_days": bucket.name,
            "first_day": bucket.first_day,
            "stock_units": row["stock_units"],
            "stock_value_amount": row["stock_value_amount"],
            "value_ratio": float(row["stock_value_amount"] / whole) if whole else None,
            "items_count": row["items_count"],
        }
        for bucket, row in zip(AGE_BUCKETS, rows, strict=True)
    ]


def valuation(
    snapshot: Queryable, *, day: date, filters: Filters = EVERYTHING, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return what each variant at each location was worth at the end of ``day``, the dearest first.

    By three costs: first in, first out; the moving average; and the cost in force on the day (null where
    nobody knows it). The first two are the API's methods of valuation.
    """
    layers, averages, held = (
        layers_query(day, filters),
        averages_query(day, filters),
        held_query(day, filters),
    )
    return snapshot.rows(
        f"""
        with held as ({held.sql}),
        layers as ({layers.sql}),
        averages as ({averages.sql}),
        fifo as (
            select location_id, variant_id, sum(lying_units * unit_cost_amount) as fifo_amount
            from layers group by location_id, variant_id
        )
        select
            held.location_id,
            locations.location_name,
            held.variant_id,
            products.sku,
            products.product_name,
            products.variant_name,
            held.closing_units as stock_units,
            coalesce(fifo.fifo_amount, 0)::decimal(18, 2) as fifo_amount,
            coalesce(held.closing_units * averages.average_cost_amount, 0)::decimal(18, 2) as average_amount,
            (held.closing_units * held.unit_cost_amount)::decimal(18, 2) as stock_value_amount
        from held
        left join fifo on held.location_id = fifo.location_id and held.variant_id = fifo.variant_id
        left join averages
            on held.location_id = averages.location_id and held.variant_id = averages.variant_id
        left join srv_products as products on held.variant_id = products.variant_id
        left join srv_locations as locations on held.location_id = locations.location_id
        order by fifo_amount desc, products.sku, locations.location_name
        {"" if limit is None else f"limit {int(limit)}"}
        """,
        [*held.parameters, *layers.parameters, *averages.parameters],
    )


def valuation_totals(snapshot: Queryable, *, day: date, filters: Filters = EVERYTHING) -> dict[str, Any]:
    """Return what all stock was worth at the end of ``day``, by the three costs of `valuation`."""
    layers, averages = layers_query(day, filters), averages_query(day, filters)
    held = held_query(day, filters)
    (by_layer,) = snapshot.rows(
        f"""
        select
            (select coalesce(sum(closing_units), 0)::bigint from ({held.sql})) as stock_units,
            (select coalesce(sum(lying_units * unit_cost_amount), 0)::decimal(18, 2) from ({layers.sql}))
                as fifo_amount
        """,
        [*held.parameters, *layers.parameters],
    )
    (by_average,) = snapshot.rows(
        "select coalesce(sum(closing_units * average_cost_amount), 0)::decimal(18, 2) as average_amount"
        f" from ({averages.sql})",
        averages.parameters,
    )
    return by_layer | by_average


def dead_stock(
    snapshot: Queryable,
    *,
    day: date,
    filters: Filters = EVERYTHING,
    quiet_days: int = DEAD_AFTER_DAYS,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return what lies at a location and was not asked for there in the last days, the dearest first.

    Stock whose oldest layer is younger than ``quiet_days`` is new, not dead.
    """
    layers = layers_query(day, filters)
    return snapshot.rows(
        f"""
        with layers as ({layers.sql}),
        held as (
            select
                location_id,
                variant_id,
                sum(lying_units)::bigint as stock_units,
                sum(lying_units * unit_cost_amount)::decimal(18, 2) as stock_value_amount,
                min(layer_date) as oldest_date
            from layers group by location_id, variant_id
        ),
        asked as (
            select location_id, variant_id, max(span_date) as last_demand_date
            from srv_stock_spans where demand_units > 0 and span_date <= ? group by location_id, variant_id
        )
        select
            held.location_id,
            locations.location_name,
            held.variant_id,
            products.sku,
            products.product_name,
            products.variant_name,
            held.stock_units,
            held.stock_value_amount,
            (?::date - held.oldest_date)::integer as oldest_age_days,
            asked.last_demand_date
        from held
        left join asked on held.location_id = asked.location_id and held.variant_id = asked.variant_id
        left join srv_products as products on held.variant_id = products.variant_id
        left join srv_locations as locations on held.location_id = locations.location_id
        where ?::date - held.oldest_date >= ?
        and (asked.last_demand_date is null or ?::date - asked.last_demand_date >= ?)
        order by held.stock_value_amount desc, products.sku, locations.location_name
        {"" if limit is None else f"limit {int(limit)}"}
        """,
        [*layers.parameters, day, day, day, quiet_days, day, quiet_days],
    )


def stock_outs(
    snapshot: Queryable, period: Period, *, filters: Filters = EVERYTHING, limit: int | None = None
) -> Answer:
    """Return which variants were out of stock where, and what was lost by estimate, the dearest first."""
    return ask(
        snapshot,
        measures=("lost_sales_amount", "lost_units", "stock_out_hours", "stock_out_days"),
        dimensions=("variant", "location"),
        period=period,
        filters=filters,
        limit=limit,
    )


def turnover(
    snapshot: Queryable,
    period: Period,
    *,
    by: str = "category",
    filters: Filters = EVERYTHING,
    limit: int | None = None,
) -> Answer:
    """Return how fast stock turned in a period and how long it lasts, by category, product or location."""
    return ask(snapshot, measures=TURNOVER, dimensions=(by,), period=period, filters=filters, limit=limit)


def supplier_performance(
    snapshot: Queryable, period: Period, *, filters: Filters = EVERYTHING, limit: int | None = None
) -> Answer:
    """Return what each supplier delivered in a period, how late, how fully, and what is still open."""
    return ask(
        snapshot, measures=SUPPLIERS, dimensions=("supplier",), period=period, filters=filters, limit=limit
    )


TURNOVER = (
    "average_stock_amount",
    "stock_value_amount",
    "stock_cost_of_sales_amount",
    "inventory_turnover",
    "days_of_supply",
    "gmroi",
    "sell_through_ratio",
)
SUPPLIERS = (
    "purchased_amount",
    "purchased_units",
    "receipts_count",
    "lead_time_days",
    "on_time_ratio",
    "supplier_fill_ratio",
    "open_purchase_units",
    "late_open_units",
)
HEADLINES = (
    "stock_value_amount",
    "stock_units",
    "average_stock_amount",
    "stock_cost_of_sales_amount",
    "inventory_turnover",
    "days_of_supply",
    "gmroi",
    "sell_through_ratio",
    "fill_rate_ratio",
    "stock_out_hours",
    "lost_units",
    "lost_sales_amount",
    "shrinkage_amount",
    "uncosted_stock_units",
)
"""The figures of the inventory report, API and page."""
