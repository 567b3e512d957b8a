"""Sales figures of a period, from a published snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from core.metrics.period import Period


class Queryable(Protocol):
    """A published snapshot: one company's file, opened read-only."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class SalesTotals:
    """The headline figures of one period, in the company's currency."""

    orders_count: int
    units: int
    gross_sales_amount: Decimal
    discount_amount: Decimal
    net_sales_amount: Decimal
    tax_amount: Decimal
    shipping_amount: Decimal
    returns_amount: Decimal
    margin_amount: Decimal

    @property
    def average_order_value_amount(self) -> Decimal | None:
        if self.orders_count == 0:
            return None
        return (self.net_sales_amount / self.orders_count).quantize(Decimal("0.01"))


_SUMS = """
    coalesce(sum(orders_count), 0)::bigint as orders_count,
    coalesce(sum(units), 0)::bigint as units,
    coalesce(sum(gross_sales_amount), 0)::decimal(18, 2) as gross_sales_amount,
    coalesce(sum(discount_amount), 0)::decimal(18, 2) as discount_amount,
    coalesce(sum(net_sales_amount), 0)::decimal(18, 2) as net_sales_amount,
    coalesce(sum(tax_amount), 0)::decimal(18, 2) as tax_amount,
    coalesce(sum(shipping_amount), 0)::decimal(18, 2) as shipping_amount,
    coalesce(sum(returns_amount), 0)::decimal(18, 2) as returns_amount,
    coalesce(sum(margin_amount), 0)::decimal(18, 2) as margin_amount
"""


def _where(period: Period, shop_ids: Sequence[str] | None) -> tuple[str, list[Any]]:
    clause, parameters = "sales_date between ? and ?", [period.first_date, period.last_date]
    if shop_ids is None:
        return clause, parameters
    return f"{clause} and list_contains(?::varchar[], shop_id)", [*parameters, list(shop_ids)]


def sales_totals(
    snapshot: Queryable, period: Period, *, shop_ids: Sequence[str] | None = None
) -> SalesTotals:
    """Return the period's totals; ``shop_ids=None`` means every shop."""
    where, parameters = _where(period, shop_ids)
    (row,) = snapshot.rows(f"select {_SUMS} from srv_sales_daily where {where}", parameters)
    return SalesTotals(**row)


def sales_by_day(
    snapshot: Queryable, period: Period, *, shop_ids: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return one row per day of the period, oldest first; a day without sales is a row of zeroes."""
    where, parameters = _where(period, shop_ids)
    return snapshot.rows(
        f"""
        with days as (
            select unnest(generate_series(?::date, ?::date, interval 1 day))::date as sales_date
        ),
        sales as (
            select sales_date, {_SUMS} from srv_sales_daily where {where} group by sales_date
        )
        select
            days.sales_date,
            coalesce(orders_count, 0) as orders_count,
            coalesce(units, 0) as units,
            coalesce(net_sales_amount, 0) as net_sales_amount,
            coalesce(returns_amount, 0) as returns_amount,
            coalesce(margin_amount, 0) as margin_amount,
            case when orders_count > 0
                then (net_sales_amount / orders_count)::decimal(18, 2) end as average_order_value_amount
        from days left join sales on days.sales_date = sales.sales_date
        order by days.sales_date
        """,
        [period.first_date, period.last_date, *parameters],
    )


def best_sellers(
    snapshot: Queryable,
    period: Period,
    *,
    shop_ids: Sequence[str] | None = None,
    limit: int = 10,
    worst: bool = False,
) -> list[dict[str, Any]]:
    """Return the products that sold most units in the period, or the fewest of those on sale.

    The worst sellers are among products that can be bought now, unsold ones first: a product that is
    not for sale is no bad seller.
    """
    where, parameters = _where(period, shop_ids)
    order = "units asc, net_sales_amount asc" if worst else "units desc, net_sales_amount desc"
    keep = "where is_sellable" if worst else "where units > 0"
    return snapshot.rows(
        f"""
        with products as (
            select product_id, min(sku) as sku, min(product_name) as product_name,
                bool_or(is_sellable) as is_sellable
            from srv_products group by product_id
        ),
        sold as (
            select
                product_id,
                sum(units)::bigint as units,
                sum(net_sales_amount)::decimal(18, 2) as net_sales_amount,
                sum(margin_amount)::decimal(18, 2) as margin_amount
            from srv_product_sales_daily where {where} group by product_id
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
        [*parameters, limit],
    )
