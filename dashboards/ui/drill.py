"""The way down from company to shop, category and product: each step is a filter that the address keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards.ui.page import Page
from dashboards.ui.page_filters import CATEGORY, SHOP, narrow

LEVEL_KEY, PRODUCT_KEY = "sales_by", "product"


@dataclass(frozen=True)
class Level:
    """A thing to cut sales by: what a picked row narrows, and what is shown then."""

    title: str
    id_column: str
    into: str
    filter_key: str | None
    next_level: str | None


LEVELS: Mapping[str, Level] = {
    "shop": Level("Shop", "shop_id", "that shop's categories", SHOP, "category"),
    "category": Level("Category", "category_id", "that category's products", CATEGORY, "product"),
    "product": Level("Product", "product_id", "that product", None, None),
}


def level_options(page: Page) -> dict[str, str]:
    """Return what can be cut by; one shop is no choice."""
    return {
        name: level.title for name, level in LEVELS.items() if name != "shop" or len(page.choices.shops) > 1
    }


def drill_into(level: str, row: Mapping[str, Any]) -> None:
    """Narrow the page to the picked row and go one level down; a product has a page of its own."""
    step = LEVELS[level]
    picked = row[step.id_column]
    if picked is None:
        return
    if step.filter_key is None or step.next_level is None:
        st.switch_page("views/products.py", query_params={PRODUCT_KEY: picked})
    narrow({step.filter_key: [picked]})
    st.session_state[LEVEL_KEY] = step.next_level


def show_trail(page: Page) -> None:
    """Show where one is, with a button back to each step above."""
    shops = [page.choices.shops[key] for key in page.chosen.shop_ids or () if key in page.choices.shops]
    is_of_shops = bool(st.session_state.get(SHOP))
    categories = [page.choices.categories[key] for key in page.chosen.category_ids]
    bar = st.container(horizontal=True, gap="small", vertical_alignment="center")
    bar.button(
        page.person.company_name,
        icon=":material/home:",
        type="tertiary",
        disabled=not (is_of_shops or categories),
        on_click=_go_to,
        args=("shop" if len(page.choices.shops) > 1 else "category", {SHOP: [], CATEGORY: []}),
        key="sales_trail_company",
    )
    if is_of_shops:
        bar.button(
            f"› {', '.join(shops)}",
            type="tertiary",
            disabled=not categories,
            on_click=_go_to,
            args=("category", {CATEGORY: []}),
            key="sales_trail_shop",
        )
    if categories:
        bar.markdown(f"› {', '.join(categories)}", width="content")


def _go_to(level: str, filters: dict[str, list[str]]) -> None:
    narrow(filters)
    st.session_state[LEVEL_KEY] = level
