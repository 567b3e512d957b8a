"""Reports of sales from the published snapshot; every figure is the registry's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.analytics.figures import OF_GOODS, OF_ORDERS, default_measures, figures
from api.analytics.service import Question, head, period_of
from api.errors import NotFound
from core.metrics.ask import ask
from core.metrics.period import Period
from core.metrics.product_reports import class_matrix, new_products
from core.metrics.sales import best_sellers
from core.published import Snapshot

_SELLERS = 10
_OF_SHOPS = ("net_sales_amount", "margin_amount", "units", "orders_count")


def dashboard(snapshot: Snapshot, question: Question, *, limit: int) -> dict[str, Any]:
    """Headline totals with the period before, what each shop brought, and the best and worst sellers."""
    period = period_of(snapshot, question)
    answer = ask(
        snapshot,
        measures=default_measures(question, None),
        period=period,
        filters=question.filters,
        compare=question.compare,
    )
    return {
        **head(snapshot, question),
        "period": period,
        "totals": _all_named(answer.totals),
        "previous_period": answer.previous_period,
        "previous_totals": _all_named(answer.previous_totals),
        "shops": _by_shop(snapshot, question, period),
        **_sellers(snapshot, period, question, limit),
    }


def sales(
    snapshot: Snapshot,
    question: Question,
    *,
    interval: str | None,
    group_by: str | None,
    measures: Sequence[str],
    limit: int,
) -> dict[str, Any]:
    """Figures by time bucket, by group, or by both."""
    period = period_of(snapshot, question)
    return {
        **head(snapshot, question),
        "interval": interval,
        "group_by": group_by,
        **figures(
            snapshot,
            question,
            period,
            measures=measures or default_measures(question, group_by),
            interval=interval,
            group_by=group_by,
            limit=limit,
        ),
    }


def products(snapshot: Snapshot, question: Question, *, limit: int) -> dict[str, Any]:
    """Best and worst sellers, what is new, and the classes of the last year."""
    period = period_of(snapshot, question)
    return {
        **head(snapshot, question),
        "period": period,
        **_sellers(snapshot, period, question, limit),
        "new_products": new_products(snapshot, period, filters=question.filters, limit=limit),
        "classes": class_matrix(snapshot) if question.shop_ids is None else [],
    }


def performance(
    snapshot: Snapshot, question: Question, *, shop_id: str, is_of_company: bool, interval: str
) -> dict[str, Any]:
    """One shop's figures by time bucket with its sellers; beside the other shops for who may see them.

    Raises
    ------
    NotFound
        If the build knows no such shop.
    """
    shops = snapshot.rows("select shop_id, shop_name from srv_shops where shop_id = ?", [shop_id])
    if not shops:
        raise NotFound
    period, own = period_of(snapshot, question), question.of_shop(shop_id)
    return {
        **head(snapshot, question),
        **shops[0],
        "interval": interval,
        **figures(snapshot, own, period, measures=default_measures(own, None), interval=interval),
        "standing": _standing(snapshot, question, period, shop_id) if is_of_company else None,
        **_sellers(snapshot, period, own, _SELLERS),
    }


def company_stats(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    """What a company consists of, what it sold in the period and ever, and what each shop brought."""
    period = period_of(snapshot, question)
    (company,) = snapshot.rows("select company_id, name as company_name from srv_company")
    (counts,) = snapshot.rows(_COUNTS)
    ever = ask(snapshot, measures=("orders_count", "net_sales_amount", "units"), period=None).totals
    return {
        **head(snapshot, question),
        **company,
        "counts": counts,
        "ever": ever,
        **figures(snapshot, question, period, measures=default_measures(question, None)),
        "shops": _by_shop(snapshot, question, period),
    }


_COUNTS = """
select
    (select count(*) from srv_shops where is_active) as shops_count,
    (select count(*) from srv_locations where is_active and kind <> 'in_transit') as locations_count,
    (select count(*) from srv_product_facts) as products_count,
    (select count(*) from srv_product_facts where is_sellable) as sellable_products_count,
    (select count(*) from srv_products) as variants_count,
    (select count(*) from srv_customers) as customers_count,
    (select count(*) from srv_suppliers where is_active) as suppliers_count,
    (select min(sales_date) from srv_sales_daily where orders_count > 0) as first_sales_date,
    (select max(sales_date) from srv_sales_daily where orders_count > 0) as last_sales_date
"""


def _by_shop(snapshot: Snapshot, question: Question, period: Period) -> list[dict[str, Any]]:
    """Return what each shop brought; orders are not known by category."""
    measures = _OF_SHOPS if question.category_id is None else _OF_SHOPS[:-1]
    answer = ask(snapshot, measures=measures, dimensions=("shop",), period=period, filters=question.filters)
    return [{"orders_count": None, **row} for row in answer.rows]


def _standing(snapshot: Snapshot, question: Question, period: Period, shop_id: str) -> dict[str, Any]:
    """Return the shop's place among all shops by net sales, and its share of theirs."""
    shops = _by_shop(snapshot, question, period)
    total = sum(shop["net_sales_amount"] for shop in shops)
    amounts = {shop["shop_id"]: shop["net_sales_amount"] for shop in shops}
    own = amounts.get(shop_id)
    return {
        "net_sales_rank": None if own is None else list(amounts).index(shop_id) + 1,
        "shops_count": len(shops),
        "net_sales_share_ratio": float(own / total) if own is not None and total else None,
    }


def _sellers(snapshot: Snapshot, period: Period, question: Question, limit: int) -> dict[str, Any]:
    filters = question.filters
    return {
        "best_sellers": best_sellers(snapshot, period, filters=filters, limit=limit),
        "worst_sellers": best_sellers(snapshot, period, filters=filters, limit=limit, worst=True),
    }


def _all_named(totals: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give every figure a value: what is known of whole orders only is null for a category."""
    return None if totals is None else {name: totals.get(name) for name in (*OF_GOODS, *OF_ORDERS)}
