"""Tables of the restock page."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st


def worklist_rows(items: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the worklist as a table, in the plan's order."""
    return pl.DataFrame(
        [
            {
                "state": _state(item),
                "product": f"{item['product_name']} ({item['sku']})",
                "location": item["location_name"],
                "supplier": item["supplier_name"],
                "units": item["suggested_units"],
                "cost": None if item["cost_amount"] is None else float(item["cost_amount"]),
                "gain": float(item["value_amount"]),
                "order_by": item["order_by_date"],
                "risk": item["stockout_probability_ratio"],
            }
            for item in items
        ]
    )


def worklist_columns(currency: str) -> dict[str, Any]:
    """Return the headings, with units."""
    number = st.column_config.NumberColumn
    return {
        "state": "State",
        "product": st.column_config.TextColumn("Product", pinned=True),
        "location": "Location",
        "supplier": "Supplier",
        "units": number("Suggested order (units)", format="localized"),
        "cost": number(f"Cost ({currency})", format="localized"),
        "gain": number(f"Gain ({currency})", format="localized"),
        "order_by": "Order by",
        "risk": number("Chance to run out", format="percent"),
    }


def parts_table(proposal: dict[str, Any]) -> pl.DataFrame:
    """Return the parts of a suggestion and their total, as they add up."""
    parts = [{"Part": part["label"], "Units": part["units"]} for part in proposal["parts"]]
    return pl.DataFrame([*parts, {"Part": "= Suggested order", "Units": proposal["suggested_units"]}])


def _state(item: dict[str, Any]) -> str:
    decision = item["decision"]
    if decision is None:
        return "open"
    return decision["restock_number"] or str(decision["decision"])
