"""Sales reports of a period, from a published snapshot; their figures are those of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.metrics.ask import Filters, ask
from core.metrics.filters import products_kept
from core.metrics.period import Period
from core.metrics.queryable import Queryable
from core.metrics.sources import measures_query

HEADLINES = (
    "orders_count",
    "units",
    "gross_sales_amount",
    "discount_amount",
    "net_sales_amount",
    "tax_amount",
    "shipping_amount",
    "returns_amount",
    "margin_amount",
    "average_order_value_amount",
)
_BY_DAY = (
    "orders_count",
    "units",
    "net_sales_amount",
    "returns_amount",
    "margin_amount",
    "average_order_value_amount",
)
_OF_SELLERS = ("units", "net_sales_amount", "margin_amount")


def of_shops(shop_ids: Sequence[str] | None) -> Filters:
    """Return the filter that keeps these shops; ``None`` keeps all."""
    return Filters(shop_ids=None if shop_ids is None else tuple(shop_ids))


def sales_totals(
    snapshot: Queryable, period: Period, *, shop_ids: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return the period's headline figures by name; ``shop_ids=None`` means every shop."""
    return ask(snapshot, measures=HEADLINES, period=period, filters=of_shops(shop_ids)).totals


def sales_by_day(
    snapshot: Queryable, period: Period, *, shop_ids: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return one row per day of the period, oldest first; a day without sales is a row of zeroes."""
    answer = ask(snapshot, measures=_BY_DAY, dimensions=("day",), period=period, filters=of_shops(shop_ids))
    return [{"sales_date": row["day"], **row} for row in answer.rows]


def best_sellers(
    snapshot: Queryable,
    period: Period,
    *,
    filters: Filters | None = None,
    shop_ids: Sequence[str] | None = None,
    limit: int = 10,
    worst: bool = False,
) -> list[dict[str, Any]]:
    """Return the products that sold most units in the period, or the fewest of those on sale.

    The worst sellers are among products that can be bought now, unsold ones first: a product that is
    not for sale is no bad seller.
    """
    filters = filters or of_shops(shop_ids)
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
