"""One product of a published snapshot: what it is and what stock is left of it."""

from __future__ import annotations

from typing import Any

from core.metrics.filters import EVERYTHING, Filters
from core.metrics.queryable import Queryable
from core.metrics.stock_layers import stock_conditions


def product_facts(snapshot: Queryable, *, product_id: str) -> dict[str, Any] | None:
    """Return a product's name, category, brand and prices; None if the snapshot holds none of this id."""
    rows = snapshot.rows(
        """
        select
            product_id,
            min(product_name) as product_name,
            min(category_name) as category_name,
            min(brand) as brand,
            count(*) as variants_count,
            min(unit_price_amount) as lowest_price_amount,
            max(unit_price_amount) as highest_price_amount,
            bool_or(is_sellable) as is_sellable
        from srv_products where product_id = ? group by product_id
        """,
        [product_id],
    )
    return rows[0] if rows else None


def product_stock(
    snapshot: Queryable, *, product_id: str, filters: Filters = EVERYTHING
) -> list[dict[str, Any]]:
    """Return the stock of a product's variants by location, the emptiest first."""
    condition = stock_conditions(Filters(location_ids=filters.location_ids))
    return snapshot.rows(
        f"""
        select levels.location_name, levels.sku, products.variant_name, levels.stock_status,
            levels.on_hand_units, levels.reserved_units, levels.available_units
        from (select * from srv_stock_levels where true{condition.sql}) as levels
        inner join srv_products as products on levels.variant_id = products.variant_id
        where products.product_id = ?
        order by levels.available_units, levels.sku, levels.location_name
        """,
        [*condition.parameters, product_id],
    )
