"""One product: its figures, its course, where it sells, and what stock is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.metrics.products import product_facts, product_stock
from core.reports.table import Column
from dashboards.data.filters import BUCKETS
from dashboards.ui.page import Page
from dashboards.ui.page_parts import choose, show_course, show_headlines, show_ranking
from dashboards.ui.page_table import show_table
from dashboards.ui.words import money

PRODUCT = "product"
FIGURES = (
    "net_sales_amount",
    "units",
    "margin_amount",
    "margin_ratio",
    "average_unit_price_amount",
    "returns_units_ratio",
)
_LONGEST_ID = 60
_STATUSES = {"in_stock": "✓ in stock", "low_stock": "! low", "out_of_stock": "✗ out of stock"}
_STOCK = (
    Column("location_name", "Location"),
    Column("sku", "SKU"),
    Column("variant_name", "Variant"),
    Column("status", "Status"),
    Column("on_hand_units", "On hand (units)", "integer"),
    Column("reserved_units", "Reserved (units)", "integer"),
    Column("available_units", "Available (units)", "integer"),
)


def product_in_address() -> str | None:
    """Return the product that the address names, if it names one."""
    product_id: str | None = st.query_params.get(PRODUCT)
    return product_id[:_LONGEST_ID] if product_id else None


def open_picked_product(row: Mapping[str, Any]) -> None:
    """Put the picked row's product into the address."""
    st.query_params[PRODUCT] = row["product_id"]


def show_product(page: Page, product_id: str) -> None:
    """Show a product, or that there is none of this id."""
    st.button("All products", icon=":material/arrow_back:", on_click=_close, key="products_back")
    facts = page.read(product_facts, product_id=product_id)
    if facts is None:
        st.error("This address names a product that does not exist here.", icon=":material/block:")
        return
    only = (product_id,)
    st.subheader(facts["product_name"])
    st.caption(_described(facts, page.currency))
    show_headlines(page, FIGURES, product_ids=only)
    bucket = choose("By", BUCKETS, key="products_bucket")
    show_course(page, FIGURES, bucket=bucket, key="products_course", product_ids=only)
    if len(page.choices.shops) > 1:
        st.subheader("Where does it sell?")
        show_ranking(page, "shop", FIGURES[:4], key="products_shops", product_ids=only)
    st.subheader("What is left of it?")
    _show_stock(page, product_id)


def _close() -> None:
    st.query_params.pop(PRODUCT, None)


def _described(facts: Mapping[str, Any], currency: str) -> str:
    parts = [
        facts["category_name"],
        facts["brand"],
        f"price {money(facts['lowest_price_amount'], currency)}"
        + (
            f" to {money(facts['highest_price_amount'], currency)}"
            if facts["lowest_price_amount"] != facts["highest_price_amount"]
            else ""
        ),
        "on sale" if facts["is_sellable"] else "not on sale",
    ]
    return " · ".join(part for part in parts if part)


def _show_stock(page: Page, product_id: str) -> None:
    rows = page.read(product_stock, product_id=product_id, filters=page.stock_filters)
    if not rows:
        st.info("No stock of it is kept anywhere.", icon=":material/inbox:")
        return
    named = [{**row, "status": _STATUSES.get(row["stock_status"], row["stock_status"])} for row in rows]
    show_table(page, named, _STOCK, title="Stock by location", key="products_stock")
