"""The named reports: what each answers, and what it can be asked by command line, API and pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from core.metrics.dimensions import TIME_DIMENSIONS
from core.metrics.sales import best_sellers
from core.reports.asking import Asked
from core.reports.errors import UnknownReport
from core.reports.table import Column, Table, make_table

Parameter = Literal["period", "by", "filters", "compare", "measures", "dimensions", "limit"]
_OF_FIGURES: Final[frozenset[Parameter]] = frozenset({"period", "filters", "compare", "measures", "limit"})
SELLERS: Final = 10


@dataclass(frozen=True)
class NamedReport:
    """A report by name; the first of its tables is the main one, which CSV and Parquet hold."""

    name: str
    title: str
    answers: str
    parameters: frozenset[Parameter]
    make: Callable[[Asked], tuple[Table, ...]]
    # About the whole company: nothing for who reaches single shops alone.
    is_of_company: bool = False


def report_named(name: str) -> NamedReport:
    """Find a report.

    Raises
    ------
    UnknownReport
        If there is none of this name.
    """
    if name not in REPORTS:
        raise UnknownReport(f"There is no report named {name!r}.", hint=f"Take one of: {', '.join(REPORTS)}.")
    return REPORTS[name]


def _by(name: str, title: str, answers: str, dimensions: tuple[str, ...], *measures: str) -> NamedReport:
    """A report of measures by fixed dimensions, the greatest first."""

    def make(asked: Asked) -> tuple[Table, ...]:
        return (asked.figures(name, title, measures=measures, dimensions=dimensions),)

    return NamedReport(name, title, answers, _OF_FIGURES, make)


def _over_time(name: str, title: str, answers: str, *measures: str) -> NamedReport:
    """A report of measures by day, week or month."""

    def make(asked: Asked) -> tuple[Table, ...]:
        return (asked.figures(name, title, measures=measures, dimensions=(asked.question.by or "day",)),)

    parameters: frozenset[Parameter] = frozenset({"period", "by", "filters", "compare", "measures"})
    return NamedReport(name, title, answers, parameters, make)


def _sales(asked: Asked) -> tuple[Table, ...]:
    by = asked.question.by or "day"
    main = asked.figures("sales", f"Sales by {by}", measures=_SALES, dimensions=(by,), is_limited=False)
    return (main, _sellers(asked, worst=False), _sellers(asked, worst=True))


def _sellers(asked: Asked, *, worst: bool) -> Table:
    question = asked.question
    rows = best_sellers(
        asked.snapshot,
        question.period,
        filters=question.filters,
        limit=question.limit or SELLERS,
        worst=worst,
    )
    columns = (
        Column("product_name", "Product"),
        Column("sku", "SKU"),
        Column("units", "Units sold", "integer", "units"),
        Column("net_sales_amount", "Net sales", "money", asked.currency),
        Column("margin_amount", "Gross margin", "money", asked.currency),
        Column("product_id", "Product id", is_key=True),
    )
    name, title = ("worst-sellers", "Worst sellers") if worst else ("best-sellers", "Best sellers")
    note = (
        "Among products that can be bought now, unsold ones first; by units sold."
        if worst
        else "By units sold."
    )
    return make_table(name, title, columns, rows, note=note)


def _custom(asked: Asked) -> tuple[Table, ...]:
    if not asked.question.measures:
        raise UnknownReport(
            "A custom report needs measures.", hint="Name them: --measures net_sales_amount,units."
        )
    dimensions = asked.question.dimensions
    title = "Figures" + (f" by {', '.join(dimensions)}" if dimensions else "")
    return (asked.figures("custom", title, measures=(), has_period=True),)


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
_SELLERS_PARAMETERS: frozenset[Parameter] = frozenset({"period", "filters", "limit"})

REPORTS: Final[dict[str, NamedReport]] = {
    report.name: report
    for report in (
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
            _SELLERS_PARAMETERS,
            lambda asked: (_sellers(asked, worst=False),),
        ),
        NamedReport(
            "worst-sellers",
            "Worst sellers",
            "Which products that can be bought sold fewest units?",
            _SELLERS_PARAMETERS,
            lambda asked: (_sellers(asked, worst=True),),
        ),
        _by(
            "sales-by-shop",
            "Sales by shop",
            "How much did each shop sell?",
            ("shop",),
            "net_sales_amount", "orders_count", "units", "average_order_value_amount", "returns_amount",
            "margin_amount", "margin_ratio",
        ),
        _by(
            "sales-by-category",
            "Sales by category",
            "What did each category sell?",
            ("category",),
            "net_sales_amount", "units", "discount_amount", "returns_amount", "margin_amount", "margin_ratio",
        ),
        _by(
            "sales-by-product",
            "Sales by product",
            "What did each product sell?",
            ("product",),
            "net_sales_amount", "units", "average_unit_price_amount", "discount_amount", "returns_amount",
            "margin_amount", "margin_ratio",
        ),
        _by(
            "margin",
            "Margin by product",
            "What was earned with each product, at the cost when it was ordered?",
            ("product",),
            "margin_amount", "margin_ratio", "costed_net_sales_amount", "cost_amount", "net_sales_amount",
            "units",
        ),
        _by(
            "returns",
            "Returns by product",
            "What came back, and how much of what was sold?",
            ("product",),
            "returns_amount", "returned_units", "returns_units_ratio", "returns_amount_ratio", "units",
            "net_sales_amount",
        ),
        _over_time(
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
    )
}  # fmt: skip
BUCKETS: Final = TIME_DIMENSIONS
