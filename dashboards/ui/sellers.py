"""What sold most, and least of what is on sale."""

from __future__ import annotations

import streamlit as st

from core.metrics.sales import best_sellers
from core.reports.table import Column
from dashboards.ui.page import Page
from dashboards.ui.page_table import metric_column, show_table

_COLUMNS = (
    Column("product_name", "Product"),
    Column("sku", "SKU"),
    metric_column("units"),
    metric_column("net_sales_amount"),
)


def show_sellers(page: Page, *, limit: int, key: str) -> None:
    """Show the best and the worst sellers of the chosen days side by side."""
    best, worst = st.columns(2)
    for column, title, is_worst in (
        (best, "Best sellers", False),
        (worst, "Worst sellers of what is on sale", True),
    ):
        with column:
            st.subheader(title)
            rows = page.read(
                best_sellers,
                period=page.chosen.period,
                filters=page.filters,
                limit=limit,
                worst=is_worst,
            )
            if not rows:
                st.info("Nothing was sold in these days.", icon=":material/inbox:")
                continue
            show_table(page, rows, _COLUMNS, title=title, key=f"{key}_{'worst' if is_worst else 'best'}")
