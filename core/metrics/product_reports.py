"""Reports on the assortment: its ABC and XYZ classes, and what is new in it."""

from __future__ import annotations

from typing import Any

from core.metrics.ask import Filters
from core.metrics.filters import EVERYTHING, products_kept
from core.metrics.period import Period
from core.metrics.queryable import Queryable
from core.metrics.sources import measures_query

_MOST_NEW = 100


def class_matrix(snapshot: Queryable) -> list[dict[str, Any]]:
    """Return, per ABC and XYZ class, how many variants there are and what they sold in the last 365 days.

    A variant that was sold for fewer than 8 weeks has no XYZ class yet.
    """
    return snapshot.rows(
        """
        select abc_class, xyz_class, count(*) as variants_count,
            sum(units)::bigint as units,
            sum(net_sales_amount)::decimal(18, 2) as net_sales_amount,
            sum(margin_amount)::decimal(18, 2) as margin_amount
        from srv_variant_classes group by abc_class, xyz_class
        order by abc_class, xyz_class nulls last
        """
    )


def classified_variants(
    snapshot: Queryable, *, abc_class: str | None = None, xyz_class: str | None = None, limit: int
) -> list[dict[str, Any]]:
    """Return variants with their classes and what they are made from, the best sold first."""
    return snapshot.rows(
        """
        select classes.variant_id, products.sku, products.product_name, products.variant_name,
            classes.abc_class, classes.abc_margin_class, classes.xyz_class, classes.units,
            classes.net_sales_amount, classes.margin_amount, classes.weeks_count, classes.variation_ratio
        from srv_variant_classes as classes
        inner join srv_products as products on classes.variant_id = products.variant_id
        where (?::varchar is null or classes.abc_class = ?) and (?::varchar is null or classes.xyz_class = ?)
        order by classes.net_sales_amount desc, products.sku limit ?
        """,
        [abc_class, abc_class, xyz_class, xyz_class, limit],
    )


def new_products(
    snapshot: Queryable, period: Period, *, filters: Filters = EVERYTHING, limit: int = _MOST_NEW
) -> list[dict[str, Any]]:
    """Return the products introduced in the period, newest first, with what they sold in it."""
    sold = measures_query(
        ("units", "net_sales_amount", "margin_amount"),
        dimensions=("product",),
        period=period,
        filters=filters,
    )
    within, kept = products_kept(filters)
    return snapshot.rows(
        f"""
        with sold as (
            {sold.sql}
        )
        select facts.product_id, facts.sku, facts.product_name, facts.category_name, facts.introduced_date,
            coalesce(sold.units, 0) as units,
            coalesce(sold.net_sales_amount, 0) as net_sales_amount,
            coalesce(sold.margin_amount, 0) as margin_amount
        from srv_product_facts as facts left join sold on facts.product_id = sold.product_id
        where facts.introduced_date between ? and ? and {within}
        order by facts.introduced_date desc, facts.sku limit ?
        """,
        [*sold.parameters, period.first_date, period.last_date, *kept, limit],
    )


def terms_at(snapshot: Queryable, variant_id: str, instant: str) -> dict[str, Any] | None:
    """Return the price and the cost that a variant had at an instant (ISO 8601 with an offset)."""
    rows = snapshot.rows(
        """
        select prices.unit_price_amount, prices.regular_price_amount, costs.unit_cost_amount
        from (select ?::varchar as variant_id, ?::timestamptz as instant) as asked
        left join srv_variant_prices as prices
            on asked.variant_id = prices.variant_id and asked.instant >= prices.valid_from_at
            and (prices.valid_to_at is null or asked.instant < prices.valid_to_at)
        left join srv_variant_costs as costs
            on asked.variant_id = costs.variant_id and asked.instant >= costs.valid_from_at
            and (costs.valid_to_at is null or asked.instant < costs.valid_to_at)
        """,
        [variant_id, instant],
    )
    return rows[0] if rows else None
