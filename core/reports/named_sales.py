"""Reports on sales: what was sold, where, at what margin, what came back."""

from __future__ import annotations

from typing import Final

from core.metrics.sales import best_sellers
from core.reports.asking import Asked
from core.reports.errors import ReportError
from core.reports.named import NamedReport, by_dimensions, listed, over_time
from core.reports.table import Table

SELLERS: Final = 10
_SALES = (
    "orders_count",
    "units",
    "gross_sales_amount",
    "discount_amount",
    "net_sales_amount",
    "average_order_value_amount",
    "returns_amount",
    "margin_amount",
)


def _sales(asked: Asked) -> tuple[Table, ...]:
    by = asked.question.by or "day"
    main = asked.figures("sales", f"Sales by {by}", measures=_SALES, dimensions=(by,), is_limited=False)
    return (main, _sellers(asked, worst=False), _sellers(asked, worst=True))


def _sellers(asked: Asked, *, worst: bool) -> Table:
    question = asked.question
    limit = question.limit or SELLERS
    rows = best_sellers(asked.snapshot, question.period, filters=question.filters, limit=limit, worst=worst)
    return listed(
        asked,
        "worst-sellers" if worst else "best-sellers",
        "Worst sellers" if worst else "Best sellers",
        (
            ("product_name", "Product", "text"),
            ("sku", "SKU", "text"),
            ("units", "Units sold", "integer"),
            ("net_sales_amount", "Net sales", "money"),
            ("margin_amount", "Gross margin", "money"),
            ("product_id", "Product id", "text"),
        ),
        rows,
        note="Among products that can be bought now, unsold ones first." if worst else "By units sold.",
    )


def _custom(asked: Asked) -> tuple[Table, ...]:
    if not asked.question.measures:
        raise ReportError(
            "A custom report needs measures.", hint="Name them: --measures net_sales_amount,units."
        )
    dimensions = asked.question.dimensions
    title = "Figures" + (f" by {', '.join(dimensions)}" if dimensions else "")
    return (asked.figures("custom", title, measures=()),)


REPORTS: Final = (
        NamedReport(
            "sales",
            "Sales",
            "How much was sold in these days, and what sold best and worst?",
            frozenset({"period", "by", "filters", "compare", "measures", "limit"}),
            _sales,
        ),
        NamedReport(
            "best-sellers",
            "Best sellers",
            "Which products sold most units?",
            frozenset({"period", "filters", "limit"}),
            lambda asked: (_sellers(asked, worst=False),),
        ),
        NamedReport(
            "worst-sellers",
            "Worst sellers",
            "Which products that can be bought sold fewest units?",
            frozenset({"period", "filters", "limit"}),
            lambda asked: (_sellers(asked, worst=True),),
        ),
        by_dimensions(
            "sales-by-shop",
            "Sales by shop",
            "How much did each shop sell?",
            ("shop",),
            "net_sales_amount", "orders_count", "units", "average_order_value_amount", "returns_amount",
            "margin_amount", "margin_ratio",
        ),
        by_dimensions(
            "sales-by-category",
            "Sales by category",
            "What did each category sell?",
            ("category",),
            "net_sales_amount", "units", "discount_amount", "returns_amount", "margin_amount", "margin_ratio",
        ),
        by_dimensions(
            "sales-by-product",
            "Sales by product",
            "What did each product sell?",
            ("product",),
            "net_sales_amount", "units", "average_unit_price_amount", "discount_amount", "returns_amount",
            "margin_amount", "margin_ratio",
        ),
        by_dimensions(
            "margin",
            "Margin by product",
            "What was earned with each product, at the cost when it was ordered?",
            ("product",),
            "margin_amount", "margin_ratio", "costed_net_sales_amount", "cost_amount", "net_sales_amount",
            "units",
        ),
        by_dimensions(
            "returns",
            "Returns by product",
            "What came back, and how much of what was sold?",
            ("product",),
            "returns_amount", "returned_units", "returns_units_ratio", "returns_amount_ratio", "units",
            "net_sales_amount",
        ),
        over_time(
            "discounts",
            "Discounts",
            "What did discounts take off?",
            "discount_amount", "net_sales_amount", "orders_count", "units",
        ),
        NamedReport(
            "custom",
            "Custom report",
            "Any figures by any dimensions.",
            frozenset({"period", "filters", "compare", "measures", "dimensions", "limit"}),
            _custom,
        ),
)  # fmt: skip
