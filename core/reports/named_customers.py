"""Reports on customers: new and returning ones, cohorts, segments, values, what they buy together."""

from __future__ import annotations

from typing import Final

from core.metrics import customers
from core.reports.asking import Asked
from core.reports.errors import ReportError
from core.reports.named import DEFAULT_ROWS, NamedReport, Specs, listed, over_time
from core.reports.table import Table


def _shops(asked: Asked) -> tuple[str, ...] | None:
    """The shops to keep; another filter would be ignored, so it is refused."""
    others = set(asked.question.filters.given()) - {"shop"}
    if others:
        raise ReportError(f"Customers' reports are not known by {min(others)!r}.", hint="Filter by shop.")
    return asked.question.filters.shop_ids


def _cohorts(asked: Asked) -> tuple[Table, ...]:
    rows = customers.cohorts(asked.snapshot, shop_ids=_shops(asked))
    columns: Specs = (
        ("cohort_month", "Month of first order", "date"),
        ("month_number", "Months since", "integer"),
        ("cohort_customers_count", "Customers", "integer"),
        ("customers_count", "Of these ordered", "integer"),
        ("retention_ratio", "Share that ordered", "percent"),
        ("orders_count", "Orders", "integer"),
        ("net_sales_amount", "Net sales", "money"),
        ("is_incomplete", "Not over", "boolean"),
    )
    note = "By the month of the first order ever. The last month is not over."
    return (listed(asked, "cohorts", "Cohorts", columns, rows, note=note),)


def _rfm(asked: Asked) -> tuple[Table, ...]:
    segments = customers.rfm_segments(asked.snapshot, shop_ids=_shops(asked))
    columns: Specs = (
        ("customer_segment", "Segment", "text"),
        ("customers_count", "Customers", "integer"),
        ("customers_ratio", "Share of customers", "percent"),
        ("orders_count", "Orders", "integer"),
        ("net_sales_amount", "Net sales", "money"),
        ("net_sales_ratio", "Share of net sales", "percent"),
        ("last_order_date", "Last order", "date"),
    )
    note = "Fifths by last order, orders and net sales, in the whole company; to date."
    return (listed(asked, "rfm", "Segments by recency, frequency and money", columns, segments, note=note),)


def _clv(asked: Asked) -> tuple[Table, ...]:
    deciles = customers.clv(asked.snapshot)
    columns: Specs = (
        ("decile", "Tenth", "integer"),
        ("customers_count", "Customers", "integer"),
        ("lifetime_value_amount", "Lifetime value", "money"),
        ("kept_margin_amount", "Margin to date", "money"),
        ("expected_value_amount", "Expected margin, 365 days", "money"),
        ("baseline_value_amount", "The same by the simple rule", "money"),
        ("expected_orders", "Expected orders", "decimal"),
        ("lowest_amount", "Lowest value", "money"),
        ("highest_amount", "Highest value", "money"),
    )
    note = "Customers in ten equal groups, the best first: margin kept to date, and expected in 365 days."
    return (listed(asked, "clv", "Lifetime value by tenth of the customers", columns, deciles, note=note),)


def _top_customers(asked: Asked) -> tuple[Table, ...]:
    rows = customers.top_customers(asked.snapshot, limit=asked.question.limit or DEFAULT_ROWS)
    columns: Specs = (
        ("customer_segment", "Segment", "text"),
        ("lifetime_value_amount", "Lifetime value", "money"),
        ("expected_value_amount", "Expected margin, 365 days", "money"),
        ("kept_margin_amount", "Margin to date", "money"),
        ("net_sales_amount", "Net sales", "money"),
        ("orders_count", "Orders", "integer"),
        ("first_order_date", "First order", "date"),
        ("last_order_date", "Last order", "date"),
        ("customer_id", "Customer id", "text"),
    )
    note = "Customers are ids here: names and addresses are not in the warehouse."
    return (listed(asked, "top-customers", "Customers by lifetime value", columns, rows, note=note),)


def _pairs(asked: Asked) -> tuple[Table, ...]:
    rows = customers.basket_pairs(asked.snapshot, limit=asked.question.limit or DEFAULT_ROWS)
    columns: Specs = (
        ("product_name", "Product", "text"),
        ("other_product_name", "Bought with", "text"),
        ("orders_count", "Orders with both", "integer"),
        ("support_ratio", "Share of all orders", "percent"),
        ("confidence_ratio", "Share of orders of the first", "percent"),
        ("lift", "Lift", "decimal"),
        ("product_id", "Product id", "text"),
        ("other_product_id", "Other product id", "text"),
    )
    note = "Lift: orders with both, by those expected if the two were bought independently."
    return (listed(asked, "basket-pairs", "Bought together", columns, rows, note=note),)


REPORTS: Final = (
    over_time(
        "customers",
        "New and returning customers",
        "How many customers ordered, how many of them for the first time?",
        "customers_count", "new_customers_count", "returning_customers_count", "new_customers_ratio",
        "customer_net_sales_amount", "new_customer_net_sales_amount", "returning_customer_net_sales_amount",
        by="month",
    ),
    NamedReport(
        "cohorts",
        "Cohorts",
        "Of those who first ordered in a month, how many come back in later ones?",
        frozenset({"filters"}),
        _cohorts,
    ),
    NamedReport(
        "rfm",
        "Segments (RFM)",
        "Who are the best customers, who is slipping away?",
        frozenset({"filters"}),
        _rfm,
    ),
    NamedReport(
        "clv", "Lifetime value", "What are customers worth, to date and to come?", frozenset(), _clv,
        is_of_company=True,
    ),
    NamedReport(
        "top-customers",
        "Customers by lifetime value",
        "Which customers are worth most?",
        frozenset({"limit"}),
        _top_customers,
        is_of_company=True,
    ),
    NamedReport(
        "basket-pairs",
        "Bought together",
        "Which products are bought in the same orders?",
        frozenset({"limit"}),
        _pairs,
        is_of_company=True,
    ),
)  # fmt: skip
