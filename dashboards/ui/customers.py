"""Customers on a page: new and returning, cohorts, segments, what they are worth, what goes together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from core.metrics.customers import (
    basket_pairs,
    clv,
    cohorts,
    retention,
    rfm_segments,
    value_accuracy,
    value_model,
)
from core.reports.table import Column
from dashboards.charts.customers import cohort_grid, new_and_returning, value_groups
from dashboards.charts.measures import ranked
from dashboards.data.customers import NAMING_ROLES, best_customers
from dashboards.data.filters import Bucket
from dashboards.ui.page import Page
from dashboards.ui.page_figures import WIDE, show_figures
from dashboards.ui.page_table import columns_of, metric_column, show_as_table, show_table

SHOWN_ROWS = 20
_VALUES = (
    "average_lifetime_value_amount", "lifetime_value_amount", "expected_value_amount",
    "buyers_to_date_count",
)  # fmt: skip
_BUCKETS = (
    "new_customers_count", "returning_customers_count", "customers_count", "new_customer_net_sales_amount",
    "returning_customer_net_sales_amount",
)  # fmt: skip
SEGMENT_TITLES = {
    "champions": "Champions", "loyal": "Loyal", "promising": "Promising", "new": "New",
    "needs_attention": "Needs attention", "cannot_lose": "Cannot lose", "at_risk": "At risk",
    "hibernating": "Hibernating",
}  # fmt: skip
_RULES = {
    "champions": "Bought lately, often and much (all three scores 4 or 5).",
    "loyal": "Bought often, and not long ago (recency 3 to 5, frequency 4 or 5).",
    "promising": "Bought lately, not often yet (recency 4 or 5).",
    "new": "One order, lately (recency 4 or 5).",
    "needs_attention": "The middle fifth by last order.",
    "cannot_lose": "Bought often and much, but long ago (frequency and money 4 or 5).",
    "at_risk": "Bought often or much, but long ago (frequency 3 to 5, or money 4 or 5).",
    "hibernating": "Long ago, seldom, little.",
}
_METHODS = {
    "bg_nbd_gamma_gamma": "Buying and spending model (BG/NBD, gamma-gamma)",
    "last_year_again": "The last 365 days again (baseline)",
}


def show_new_and_returning(page: Page, bucket: Bucket) -> None:
    """Draw new beside returning customers of the period."""
    answer = page.ask(_BUCKETS, (bucket,))
    title = f"New and returning customers by {bucket}"
    st.altair_chart(new_and_returning(answer.rows, bucket=bucket), alt=title)
    if any(row["is_incomplete"] for row in answer.rows):
        st.caption(f"A pale bar is a part of a {bucket}: not over yet, or cut by the days chosen.")
    show_as_table(page, answer.rows, columns_of(answer), title=title, key="customers_course")
    if page.whole_period is None:
        return
    kept = page.read(retention, period=page.whole_period, shop_ids=page.chosen.shop_ids)
    if kept.retention_ratio is not None:
        before = page.whole_period.before()
        st.caption(
            f"Of the {kept.previous_customers_count:,} customers of {before.first_date} to"
            f" {before.last_date}, {kept.retained_customers_count:,} ({kept.retention_ratio:.1%}) ordered"
            " again in the period shown."
        )


def show_cohorts(page: Page) -> None:
    """Draw who came back, by the month of the first order."""
    rows = page.read(cohorts, shop_ids=page.chosen.shop_ids)
    if not any(row["month_number"] for row in rows):
        st.info(
            "Nobody's first order is more than a month old yet. Cohorts show from the second month on.",
            icon=":material/hourglass_empty:",
        )
        return
    st.caption(
        "Share of the customers whose first order ever was placed in the month (their number beside it) who"
        " ordered again so many months later. The last twelve months, whatever period is chosen; the running"
        " month is pale."
    )
    st.altair_chart(cohort_grid(rows), alt="Customers who ordered again, by month of first order")
    columns = [
        Column("cohort_month", "First order in", "date"),
        Column("month_number", "Months since", "integer"),
        Column("cohort_customers_count", "Customers of the month", "integer"),
        Column("customers_count", "Ordered in it", "integer"),
        Column("retention_ratio", "Share", "percent"),
        Column("orders_count", "Orders", "integer"),
        Column("net_sales_amount", "Net sales", "money"),
    ]
    show_as_table(page, rows, columns, title="Cohorts by month of first order", key="customers_cohorts")


def show_segments(page: Page) -> None:
    """Show who is who by recency, frequency and money."""
    rows = [
        {
            **row,
            "segment": SEGMENT_TITLES[row["customer_segment"]],
            "rule": _RULES[row["customer_segment"]],
        }
        for row in page.read(rfm_segments, shop_ids=page.chosen.shop_ids)
    ]
    st.caption(
        "Fifths of the company's customers by last order, number of orders and net sales kept; 5 is best, and"
        " equal customers score the same. Orders and net sales are of all time, in the shops chosen."
    )
    chart = ranked(rows, labels=("segment",), measure="customers_count", title="Customers", format="integer")
    st.altair_chart(chart, alt="Customers by segment")
    columns = [
        Column("segment", "Segment"),
        Column("customers_count", "Customers", "integer"),
        Column("customers_ratio", "Share of customers", "percent"),
        Column("net_sales_amount", "Net sales", "money"),
        Column("net_sales_ratio", "Share of net sales", "percent"),
        Column("orders_count", "Orders", "integer"),
        Column("last_order_date", "Last order", "date"),
        Column("rule", "Who they are"),
    ]
    show_table(page, rows, columns, title="Customers by segment", key="customers_segments")


def show_values(page: Page) -> None:
    """Show what customers are worth; values are the company's, so not under a filter of shops."""
    if page.chosen.shop_ids is not None:
        st.info(
            "Lifetime values are of the whole company: they show to who reaches all shops, without a filter.",
            icon=":material/storefront:",
        )
        return
    groups = page.read(clv)
    if not groups:
        st.info(
            "No lifetime value is computed yet. It comes with the next `stockwise run`.",
            icon=":material/hourglass_empty:",
        )
        return
    show_figures(_VALUES, page.ask(_VALUES).totals, currency=page.currency, card_width=WIDE)
    _say_method(page)
    title = f"Margin by tenth of customers ({page.currency})"
    st.altair_chart(value_groups(groups, currency=page.currency), alt=title)
    columns = [
        Column("decile", "Tenth", "integer"),
        Column("customers_count", "Customers", "integer"),
        Column("lowest_amount", "Lifetime value from", "money"),
        Column("highest_amount", "to", "money"),
        metric_column("lifetime_value_amount"),
        Column("kept_margin_amount", "Margin to date", "money"),
        metric_column("expected_value_amount"),
        Column("baseline_value_amount", "By the baseline", "money"),
    ]
    show_as_table(page, groups, columns, title=title, key="customers_values")
    _show_accuracy(page)
    _show_best(page)


def _say_method(page: Page) -> None:
    model = page.read(value_model)
    if model is not None:
        st.caption(
            f"Expected by: {_METHODS.get(model[0], model[0])}, from orders up to {model[1]}; values are as of"
            " the build, whatever period is chosen."
        )


def _show_accuracy(page: Page) -> None:
    rows = [
        {**row, "method": _METHODS.get(row["model_name"], row["model_name"])}
        for row in page.read(value_accuracy)
    ]
    columns = [
        Column("method", "Method"),
        Column("root_mean_square_error_amount", "Error (root mean square)", "money"),
        Column("mean_absolute_error_amount", "Error (mean)", "money"),
        Column("bias_ratio", "Too high by", "percent"),
        Column("customers_count", "Customers", "integer"),
        Column("test_days", "Days held back", "integer"),
        Column("is_chosen", "In use", "boolean"),
    ]
    title = "How good the expectation was"
    show_as_table(page, rows, columns, title=title, key="customers_accuracy", label=title)


def _show_best(page: Page) -> None:
    """Show the best customers by name to who may read names; the warehouse does not know them."""
    if not NAMING_ROLES & page.person.roles:
        return
    st.subheader("Who is worth most?")
    rows = [_read(row) for row in best_customers(page.person, segment=None, limit=SHOWN_ROWS)]
    columns = [
        Column("name", "Customer"),
        Column("segment", "Segment"),
        metric_column("lifetime_value_amount"),
        Column("kept_margin_amount", "Margin to date", "money"),
        Column("expected_value_amount", "Expected", "money"),
        Column("orders_count", "Orders", "integer"),
        Column("last_order_date", "Last order"),
    ]
    show_table(page, rows, columns, title="Customers by lifetime value", key="customers_best")


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the API as the page's tables take it: amounts as numbers, a name or a short id."""
    amounts = {
        name: None if value is None else Decimal(value)
        for name, value in row.items()
        if name.endswith("amount")
    }
    name = row["name"] or f"Customer …{row['customer_id'][-6:]}"
    return {**row, **amounts, "name": name, "segment": SEGMENT_TITLES[row["customer_segment"]]}


def show_pairs(page: Page) -> None:
    """Show what is bought in the same orders."""
    if page.chosen.shop_ids is not None:
        st.info(
            "Pairs are counted over the whole company's orders: they show without a filter of shops.",
            icon=":material/storefront:",
        )
        return
    rows = page.read(basket_pairs, limit=SHOWN_ROWS)
    if not rows:
        st.info("No two products were in three or more orders together yet.", icon=":material/inbox:")
        return
    columns = [
        Column("product_name", "Product"),
        Column("other_product_name", "Bought with"),
        Column("orders_count", "Orders with both", "integer"),
        Column("support_ratio", "Support", "percent", definition="Orders with both by all orders."),
        Column(
            "confidence_ratio",
            "Confidence",
            "percent",
            definition="Orders with both by orders with the first.",
        ),
        Column(
            "lift",
            "Lift",
            "decimal",
            definition="Orders with both by those expected if the two had nothing to do with each other.",
        ),
    ]
    st.caption("All orders of all time, guests' too; a product counts once in an order.")
    show_table(page, rows, columns, title="Products bought together", key="customers_pairs")
