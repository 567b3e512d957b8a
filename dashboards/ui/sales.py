"""Figures and tables of the sales overview."""

from decimal import Decimal
from typing import Any

import streamlit as st

from core.metrics.registry import METRICS
from dashboards.charts.sales import sales_by_day
from dashboards.data.sales import SalesOverview
from dashboards.ui.words import amount_format, change, headline, money

HEADLINES = (
    "net_sales_amount",
    "orders_count",
    "average_order_value_amount",
    "margin_amount",
    "returns_amount",
)
CHARTED = ("net_sales_amount", "orders_count", "average_order_value_amount")


def show_period(overview: SalesOverview) -> None:
    """Say which days are shown, what they are compared with, and whether the last one is over."""
    period, previous = overview.period, overview.previous_period
    running = (
        f" **{period.last_date} is not over**: it counts the orders so far, and is compared with a whole day."
        if overview.is_last_day_running
        else ""
    )
    st.caption(
        f"{period.first_date} to {period.last_date}, compared with {previous.first_date} to"
        f" {previous.last_date} (same weekdays); days in {overview.timezone},"
        f" amounts in {overview.currency}.{running}"
    )


def show_totals(overview: SalesOverview) -> None:
    """Show the headline figures, each with its definition and its change."""
    grid = st.grid(len(HEADLINES), min_column_width=150)
    for name in HEADLINES:
        metric = METRICS[name]
        now, before = overview.totals[name], overview.previous_totals[name]
        grid.metric(
            metric.title,
            headline(now, overview.currency) if metric.unit == "money" else f"{now:,}",
            change(now, before),
            delta_color="inverse" if metric.good_direction == "down" else "normal",
            help=f"{metric.definition} {_exact(name, now, before, overview.currency)}",
            border=True,
        )


def show_days(overview: SalesOverview, name: str) -> None:
    """Draw one figure by day beside the period before, and offer the same as a table."""
    title = _label(name, overview.currency)
    st.altair_chart(
        sales_by_day(
            overview.days,
            overview.previous_days,
            column=name,
            title=title,
            running_date=overview.period.last_date if overview.is_last_day_running else None,
        ),
        alt=f"{title} by day: {overview.period.first_date} to {overview.period.last_date},"
        f" and the period before as a dashed line",
    )
    with st.expander("Show as table"):
        number = st.column_config.NumberColumn
        money_format = amount_format(overview.currency)
        columns: dict[str, Any] = {
            "sales_date": st.column_config.DateColumn("Day", pinned=True),
            "net_sales_amount": number(_label("net_sales_amount", overview.currency), format=money_format),
            "orders_count": number("Orders", format="localized"),
            "average_order_value_amount": number(
                _label("average_order_value_amount", overview.currency), format=money_format
            ),
            "units": number("Units sold", format="localized"),
            "returns_amount": number(_label("returns_amount", overview.currency), format=money_format),
        }
        st.dataframe(
            overview.days,
            column_config=columns,
            column_order=list(columns),
            hide_index=True,
            alt="Sales by day",
        )


def show_sellers(overview: SalesOverview) -> None:
    """Show what sold most, and least of what is on sale."""
    columns: dict[str, Any] = {
        "product_name": st.column_config.TextColumn("Product", pinned=True),
        "sku": "SKU",
        "units": st.column_config.NumberColumn("Units sold", format="localized"),
        "net_sales_amount": st.column_config.NumberColumn(
            _label("net_sales_amount", overview.currency), format=amount_format(overview.currency)
        ),
    }
    best, worst = st.columns(2)
    for column, title, rows in (
        (best, "Best sellers", overview.best_sellers),
        (worst, "Worst sellers of what is on sale", overview.worst_sellers),
    ):
        column.subheader(title)
        if not rows:
            column.info("Nothing was sold in these days.", icon=":material/inbox:")
            continue
        column.dataframe(rows, column_config=columns, column_order=list(columns), hide_index=True, alt=title)


def _label(name: str, currency: str) -> str:
    metric = METRICS[name]
    return f"{metric.title} ({currency})" if metric.unit == "money" else metric.title


def _exact(name: str, now: Decimal | int | None, before: Decimal | int | None, currency: str) -> str:
    if METRICS[name].unit == "money":
        return f"Exactly {money(now, currency)}; before: {money(before, currency)}."
    return f"Before: {before:,}."
