"""Answers of the measure engine as the API writes them: figures by name, money as decimal text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from api.analytics.errors import refusal_of
from api.analytics.service import Question
from core.metrics.ask import Answer, ask
from core.metrics.errors import MeasureError
from core.metrics.period import Period
from core.metrics.registry import METRICS
from core.metrics.sources import key_column
from core.money import currency_digits, trim_amount
from core.published import Snapshot

# What people read of each; the others are their own name.
_NAMES = {
    "shop": "shop_name",
    "category": "category_path",
    "top_category": "top_category_name",
    "product": "product_name",
    "variant": "sku",
}
# Known of whole orders only, so not by category or product.
OF_ORDERS: Final = (
    "orders_count",
    "guest_orders_count",
    "guest_orders_ratio",
    "average_order_value_amount",
    "units_per_order",
    "shipping_amount",
)
OF_GOODS: Final = (
    "net_sales_amount",
    "gross_sales_amount",
    "list_sales_amount",
    "discount_amount",
    "discount_ratio",
    "tax_amount",
    "units",
    "cost_amount",
    "margin_amount",
    "margin_ratio",
    "returned_units",
    "returns_amount",
    "returns_units_ratio",
    "returns_amount_ratio",
    "net_sales_after_returns_amount",
)


def default_measures(question: Question, group_by: str | None) -> tuple[str, ...]:
    """Return all sales figures that are known by what is asked."""
    is_of_goods = question.category_id is not None or group_by not in (None, "shop")
    return OF_GOODS if is_of_goods else (*OF_GOODS, *OF_ORDERS)


def figures(
    snapshot: Snapshot,
    question: Question,
    period: Period,
    *,
    measures: Sequence[str],
    interval: str | None = None,
    group_by: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Ask for figures, and write them with their columns, totals and comparison.

    Raises
    ------
    UnknownMeasure, MeasureNotByDimension
        If a figure does not exist, or not by what is asked.
    """
    dimensions = [name for name in (interval, group_by) if name is not None]
    try:
        answer = ask(
            snapshot,
            measures=measures,
            dimensions=dimensions,
            period=period,
            filters=question.filters,
            compare=question.compare,
            limit=limit,
        )
    except MeasureError as error:
        raise refusal_of(error) from None
    digits = currency_digits(snapshot.rows("select currency from srv_company")[0]["currency"])
    return {
        "period": period,
        "previous_period": answer.previous_period,
        "columns": [_column(name) for name in dict.fromkeys(measures)],
        "totals": _written(answer.totals, measures, digits),
        "previous_totals": _written(answer.previous_totals, measures, digits),
        "rows": _rows(answer, measures, interval, group_by, digits) if dimensions else [],
        "has_more": answer.has_more,
    }


def _column(name: str) -> dict[str, str]:
    metric = METRICS[name]
    return {"name": name, "title": metric.title, "unit": metric.unit, "format": metric.format}


def _rows(
    answer: Answer, measures: Sequence[str], interval: str | None, group_by: str | None, digits: int
) -> list[dict[str, Any]]:
    before = answer.previous_rows or [None] * len(answer.rows)
    return [
        {
            "first_date": row[interval] if interval else None,
            "is_incomplete": row.get("is_incomplete", False),
            "group": _group(row, group_by) if group_by else None,
            "values": _written(row, measures, digits),
            "previous": _written(earlier, measures, digits),
        }
        for row, earlier in zip(answer.rows, before, strict=True)
    ]


def _group(row: Mapping[str, Any], group_by: str) -> dict[str, str | None]:
    column = key_column(group_by)
    return {"id": row[column], "name": row[_NAMES.get(group_by, column)]}


def _written(
    row: Mapping[str, Any] | None, measures: Sequence[str], digits: int
) -> dict[str, str | int | float | None] | None:
    return None if row is None else {name: written(row[name], digits) for name in measures}


def written(value: Decimal | int | float | None, digits: int) -> str | int | float | None:
    """Write one figure: money as text, without decimals where the currency has none and none are needed."""
    if not isinstance(value, Decimal):
        return value
    return format(trim_amount(value, digits=digits), "f")
