"""The worklist as a table, and the parts of a suggestion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards.data.restock import Proposal, Worklist
from dashboards.ui.words import amount_format, item_name, known, money

OPEN = "○ open"


def show_figures(worklist: Worklist) -> None:
    """Show how much there is to decide on."""
    grid = st.grid(3, min_column_width=220)
    grid.metric("Lines to decide on", f"{len(worklist.open_items):,}", border=True)
    grid.metric(
        "Cost if all are ordered",
        money(worklist.open_cost_amount, worklist.currency),
        help="Suggested units at the supplier's price, of the lines that are still open.",
        border=True,
    )
    grid.metric(
        "Gain expected from ordering",
        money(worklist.open_value_amount, worklist.currency),
        help="What ordering now earns over not ordering: sales kept, less the cost of holding the stock.",
        border=True,
    )


def show_worklist(worklist: Worklist) -> Proposal:
    """Show the list; return the line that is chosen in it, else in the address, else the first."""
    answer = st.dataframe(
        worklist_rows(worklist.items),
        column_config=worklist_columns(worklist.currency),
        hide_index=True,
        key="restock_list",
        on_select="rerun",
        selection_mode="single-row",
        alt="Items to order, most gain first",
    )
    rows = answer["selection"]["rows"]
    if rows and rows[0] < len(worklist.items):
        chosen = worklist.items[rows[0]]
        st.query_params["item"] = chosen["series_id"]
        return chosen
    linked = st.query_params.get("item")
    return next((item for item in worklist.items if item["series_id"] == linked), worklist.items[0])


def worklist_rows(items: list[Proposal]) -> pl.DataFrame:
    """Return the worklist as a table, in the plan's order; a phone shows what to order and how much."""
    rows = [
        {
            "product": item_name(item),
            "units": item["suggested_units"],
            "supplier": known(item["supplier_name"]),
            "order_by": item["order_by_date"],
            "location": item["location_name"],
            "risk": item["stockout_probability_ratio"] * 100,
            "gain": float(item["value_amount"]),
            "cost": None if item["cost_amount"] is None else float(item["cost_amount"]),
            "state": state_of(item),
            "sku": item["sku"],
            "basis": "assumed" if item["is_assumed"] else "known",
        }
        for item in items
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("order_by").str.to_date())
    return frame if (frame["basis"] == "assumed").any() else frame.drop("basis")


def worklist_columns(currency: str) -> dict[str, Any]:
    """Return the headings, with units."""
    number, amount = st.column_config.NumberColumn, amount_format(currency)
    return {
        "product": st.column_config.TextColumn("Product", pinned=True),
        "state": st.column_config.TextColumn(
            "State", width=130, help="Open, dismissed, or the restock order's number"
        ),
        "units": number("Suggested units", format="localized"),
        "order_by": st.column_config.DateColumn("Order by", format="YYYY-MM-DD"),
        "risk": number(
            "Chance to run out", format="%.0f%%", help="Chance to run out before the next order could arrive"
        ),
        "gain": number(f"Gain ({currency})", format=amount, help="What ordering now earns over not ordering"),
        "cost": number(f"Cost ({currency})", format=amount),
        "supplier": "Supplier",
        "location": "Location",
        "sku": "SKU",
        "basis": st.column_config.TextColumn("Terms and stock", help="Assumed where the import had none"),
    }


def state_of(item: Proposal) -> str:
    """Write what was decided on a line: a sign and a word."""
    decision = item["decision"]
    if decision is None:
        return OPEN
    return f"✓ {decision['restock_number']}" if decision["restock_number"] else f"✓ {decision['decision']}"


def parts_table(proposal: Proposal) -> list[dict[str, str]]:
    """Return the signed parts of a suggestion and their total, as they add up."""
    parts = [
        {"Part": part["label"], "Units": f"{part['units']:+,}" if part["units"] else "0"}
        for part in proposal["parts"]
    ]
    return [*parts, {"Part": "**= Suggested order**", "Units": f"**{proposal['suggested_units']:,}**"}]


def cost_of(proposal: Proposal, units: int, currency: str) -> str:
    """Write what a quantity costs at the proposal's price."""
    if proposal["unit_cost_amount"] is None:
        return "Cost unknown"
    return f"Cost {money(Decimal(proposal['unit_cost_amount']) * units, currency)}"
