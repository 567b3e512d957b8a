"""The assortment: which items carry it and how evenly they sell (ABC and XYZ), and what is new in it.

Classes are made of all the company's sales, so who sees only some of its shops does not see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.metrics.product_reports import class_matrix, classified_variants, new_products
from core.reports.table import Column
from dashboards.ui.page import Page
from dashboards.ui.page_parts import choose
from dashboards.ui.page_table import metric_column, show_table
from dashboards.ui.product import open_picked_product
from dashboards.ui.words import known

ABC = {"A": "A: first 80% of net sales", "B": "B: next 15%", "C": "C: the rest"}
XYZ = {"X": "X: even", "Y": "Y: uneven", "Z": "Z: now and then", None: "Not known yet"}
SHOWN_ITEMS = 100
_CLASSES = (
    Column("abc", "Class by net sales"),
    *(Column(str(key), title, "integer") for key, title in XYZ.items()),
)
_NEW = (
    Column("product_name", "Product"),
    Column("sku", "SKU"),
    Column("category_name", "Category"),
    Column("introduced_date", "Introduced", "date", definition="First offered or, if earlier, first sold."),
    metric_column("units"),
    metric_column("net_sales_amount"),
    metric_column("margin_amount"),
)


def show_classes(page: Page) -> None:
    """Show how many items are in each class, and the items of the classes chosen."""
    if page.person.shop_ids is not None:
        st.info("Classes are made of all shops' sales: who sees all shops sees them.", icon=":material/lock:")
        return
    matrix = page.read(class_matrix)
    if not matrix:
        st.info("Items get their classes when something was sold.", icon=":material/inbox:")
        return
    st.caption(
        "Numbers of items. Even: weekly sales vary by half of their mean at most (X) or by all of it (Y);"
        " items sold for fewer than 8 weeks have no such class yet. All shops of the company, up to the"
        " day of the data."
    )
    show_table(page, grid_of(matrix), _CLASSES, title="Items by ABC and XYZ class", key="products_classes")
    abc = choose("Items of class", {"A": "A", "B": "B", "C": "C"}, key="products_abc")
    rows = page.read(classified_variants, abc_class=abc, limit=SHOWN_ITEMS)
    columns = [
        Column("product_name", "Product"),
        Column("variant_name", "Variant"),
        Column("sku", "SKU"),
        Column("evenness", "Evenness"),
        Column("variation_ratio", "Variation of weekly units", "percent"),
        Column("abc_margin_class", "Class by margin"),
        Column("net_sales_amount", "Net sales of 365 days", "money"),
    ]
    named = [{**row, "evenness": XYZ[row["xyz_class"]]} for row in rows]
    show_table(page, named, columns, title=f"Items of class {abc}", key="products_classified")


def grid_of(matrix: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per ABC class with the number of items in each XYZ class; none is 0.

    >>> grid_of([{"abc_class": "A", "xyz_class": None, "variants_count": 3}])[0]
    {'abc': 'A: first 80% of net sales', 'X': 0, 'Y': 0, 'Z': 0, 'None': 3}
    """
    counts = {(row["abc_class"], row["xyz_class"]): row["variants_count"] for row in matrix}
    return [
        {"abc": title, **{str(xyz): counts.get((abc, xyz), 0) for xyz in XYZ}} for abc, title in ABC.items()
    ]


def show_new(page: Page) -> None:
    """Show what was introduced in the chosen days, and how it does; a picked row opens the product."""
    rows = page.read(new_products, period=page.chosen.period, filters=page.filters)
    if not rows:
        st.info(
            "Nothing was introduced in these days. A longer period may show some.", icon=":material/inbox:"
        )
        return
    named = [{**row, "category_name": known(row["category_name"])} for row in rows]
    show_table(page, named, _NEW, title="New products", key="products_new", on_pick=open_picked_product)
