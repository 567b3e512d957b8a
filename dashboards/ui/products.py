"""Products side by side: what rose and fell, and all that sold, each a way to the product's own page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.metrics.registry import METRICS
from core.reports.table import Column
from dashboards.data.movers import movers
from dashboards.ui.page import Page
from dashboards.ui.page_parts import MOST_COMPARED, with_changes
from dashboards.ui.page_table import metric_column, show_table
from dashboards.ui.product import open_picked_product

SHOWN_MOVERS, SHOWN_PRODUCTS = 8, 200


def show_movers(page: Page, measure: str) -> None:
    """Show the products that gained and lost most against the days compared with; whole days only."""
    whole = page.whole_period
    earlier = None if whole is None else whole.compared(page.chosen.comparison)
    if whole is None or earlier is None:
        st.info(
            "Choose what to compare with to see what rose and what fell.", icon=":material/compare_arrows:"
        )
        return
    now, before = (
        page.ask((measure,), ("product",), period=period, limit=MOST_COMPARED) for period in (whole, earlier)
    )
    metric = METRICS[measure]
    columns = [
        Column("product_name", "Product"),
        Column("sku", "SKU"),
        Column("gain", "Change", metric.format, definition=metric.definition),
        Column("change", "Change (share)", "percent"),
    ]
    for place, title, rows in zip(
        st.columns(2),
        ("Rose most", "Fell most"),
        movers(now.rows, before.rows, measure=measure, limit=SHOWN_MOVERS),
        strict=True,
    ):
        with place:
            st.markdown(f"**{title}**")
            if rows:
                show_table(page, rows, columns, title=title, key=f"products_{title.split()[0].lower()}")
            else:
                st.info("None.", icon=":material/inbox:")


def show_all(page: Page, measures: Sequence[str]) -> None:
    """Show every product that sold, the most first; a picked row opens the product."""
    answer = page.ask(
        page.answerable(measures, ("product",)),
        ("product",),
        order_by=measures[0],
        limit=SHOWN_PRODUCTS,
    )
    if not answer.rows:
        st.info("Nothing was sold in these days.", icon=":material/inbox:")
        return
    st.caption("Pick a row to see that product.")
    rows, columns = with_changes(page, answer, "product", measures[0])
    show_table(
        page,
        rows,
        columns,
        title="Products by " + metric_column(measures[0]).title.lower(),
        key="products_all",
        on_pick=open_picked_product,
    )
    if answer.has_more:
        st.caption(f"The {SHOWN_PRODUCTS} with the most; narrow the categories to see others.")
