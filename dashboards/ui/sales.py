"""Figures and tables of the sales overview."""

import streamlit as st

from core.metrics.registry import METRICS
from dashboards.data.sales import SalesOverview
from dashboards.ui.words import change, money


def show_totals(overview: SalesOverview) -> None:
    """Show the headline figures, each with its definition and its change."""
    now, before, currency = overview.totals, overview.previous_totals, overview.currency
    figures = (
        ("net_sales_amount", now.net_sales_amount, before.net_sales_amount, True),
        ("orders_count", now.orders_count, before.orders_count, False),
        (
            "average_order_value_amount",
            now.average_order_value_amount,
            before.average_order_value_amount,
            True,
        ),
        ("margin_amount", now.margin_amount, before.margin_amount, True),
        ("returns_amount", now.returns_amount, before.returns_amount, True),
    )
    for column, (name, value, previous, is_money) in zip(st.columns(len(figures)), figures, strict=True):
        metric = METRICS[name]
        column.metric(
            metric.title,
            money(value, currency) if is_money else f"{value:,}",
            change(value, previous),
            delta_color="inverse" if metric.good_direction == "down" else "normal",
            help=metric.definition,
            border=True,
        )


def show_sellers(overview: SalesOverview) -> None:
    """Show what sold most, and least of what is on sale."""
    columns = {
        "sku": "SKU",
        "product_name": "Product",
        "units": st.column_config.NumberColumn("Units", format="localized"),
        "net_sales_amount": st.column_config.NumberColumn(
            f"Net sales ({overview.currency})", format="localized"
        ),
    }
    best, worst = st.columns(2)
    for column, title, rows in (
        (best, "Best sellers", overview.best_sellers),
        (worst, "Worst sellers among what is on sale", overview.worst_sellers),
    ):
        column.subheader(title)
        column.dataframe(rows, column_config=columns, column_order=list(columns), hide_index=True, alt=title)
