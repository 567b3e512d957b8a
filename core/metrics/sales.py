"""What sold most and least in a period, from a published snapshot; the figures are the registry's."""

from __future__ import annotations

from typing import Any

from core.metrics.filters import EVERYTHING, Filters, products_kept
from core.metrics.period import Period
from core.metrics.queryable import Queryable
from core.metrics.sources import measures_query

_OF_SELLERS = ("units", "net_sales_amount", "margin_amount")


def best_sellers(
    snapshot: Queryable,
    period: Period,
    *,
    filters: Filters = EVERYTHING,
    limit: int = 10,
    worst: bool = False,
) -> list[dict[str, Any]]:
    """Return the products that sold most units in the period, or the fewest of those on sale.

    The worst sellers are among products that can be bought now, unsold ones first: a product that is
    not for sale is no bad seller.
    """
    sold = measures_query(_OF_SELLERS, dimensions=("product",), period=period, filters=filters)
    within, kept = products_kept(filters)
    order = "units asc, net_sales_amount asc" if worst else "units desc, net_sales_amount desc"
    keep = "where is_sellable" if worst else "where units > 0"
    return snapshot.rows(
        f"""
        with products as (
            select product_id, min(sku) as sku, min(product_name) as product_name,
                bool_or(is_sellable) as is_sellable
            from srv_products where {within} group by product_id
        ),
        sold as (
            {sold.sql}
        ),
        ranked as (
            select
                products.product_id, products.sku, products.product_name, products.is_sellable,
                coalesce(sold.units, 0) as units,
                coalesce(sold.net_sales_amount, 0) as net_sales_amount,
                coalesce(sold.margin_amount, 0) as margin_amount
            from products left join sold on products.product_id = sold.product_id
        )
        select product_id, sku, product_name, units, net_sales_amount, margin_amount
        from ranked {keep} order by {order}, sku limit ?
        """,
        [*kept, *sold.parameters, limit],
    )
