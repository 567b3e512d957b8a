"""Stock figures of a company as of the build's horizon, from a published snapshot."""

from __future__ import annotations

from typing import Any

from core.metrics.queryable import Queryable


def stock_summary(snapshot: Queryable) -> list[dict[str, Any]]:
    """Return, per stock status, how many variant-locations, their units and their value at cost."""
    return snapshot.rows(
        """
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
        from srv_stock_levels as levels left join costs on levels.variant_id = costs.variant_id
        group by levels.stock_status
        order by levels.stock_status
        """
    )


def lowest_stock(snapshot: Queryable, *, limit: int) -> list[dict[str, Any]]:
    """Return the variant-locations that are out of stock or low, the emptiest first."""
    return snapshot.rows(
        """
        select location_id, location_name, variant_id, sku, product_name, on_hand_units, reserved_units,
            available_units, low_stock_threshold_units, stock_status
        from srv_stock_levels
        where stock_status not in ('in_stock', 'in_transit')
        order by available_units, sku, location_name limit ?
        """,
        [limit],
    )
