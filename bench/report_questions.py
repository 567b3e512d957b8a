"""What pages ask of a published file, and the query file that answers the same by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from core.metrics.period import Comparison

_FOLDER = Path(__file__).parent / "sql" / "reports"


@dataclass(frozen=True)
class PageQuestion:
    """One call of the measure engine by a page.

    ``file`` names the query file: statements with ``$first_date`` and ``$last_date``, rows before totals.
    ``path`` is the endpoint that answers the same, if there is one.
    """

    file: str
    measures: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    days: int = 365
    limit: int | None = None
    compare: Comparison = "none"
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def statements(self) -> list[str]:
        """The statements of the query file."""
        text = (_FOLDER / f"{self.file}.sql").read_text(encoding="utf-8")
        return [statement for statement in text.split(";") if statement.strip()]

    def period(self, last: date, *, round_number: int) -> tuple[date, date]:
        """Days that end a little earlier in each round, so that no round asks what the one before did."""
        end = last - timedelta(days=round_number)
        return end - timedelta(days=self.days - 1), end


_SALES = ("net_sales_amount", "units", "margin_amount")
QUESTIONS = (
    PageQuestion(
        "sales_headlines",
        (
            "net_sales_amount", "orders_count", "average_order_value_amount", "units", "margin_amount",
            "margin_ratio", "discount_amount", "returns_amount_ratio",
        ),
        days=28,
        compare="previous",
    ),
    PageQuestion("sales_by_day", _SALES, ("day",), path={"interval": "day"}),
    PageQuestion(
        "products_ranking", (*_SALES, "returns_amount"), ("product",), limit=50, compare="previous",
        path={"group_by": "product", "limit": "50", "compare": "previous"},
    ),
    PageQuestion(
        "categories_by_month", _SALES, ("category", "month"), limit=1000,
        path={"group_by": "category", "interval": "month", "limit": "1000"},
    ),
    PageQuestion(
        "customers_by_month",
        ("customers_count", "new_customers_count", "customer_net_sales_amount"),
        ("month",),
    ),
    PageQuestion(
        "stock_by_location",
        ("stock_value_amount", "average_stock_amount", "stock_cost_of_sales_amount"),
        ("location",),
    ),
    PageQuestion(
        "lost_sales_ranking",
        ("lost_sales_amount", "lost_units", "stock_out_hours"),
        ("variant",),
        days=90,
        limit=50,
        compare="previous",
    ),
)  # fmt: skip
# Endpoints that answer with several questions at once: measured, without a file of their own.
ENDPOINTS = ("dashboard", "products", "customers", "inventory")
