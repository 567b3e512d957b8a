"""The worklist and one line of it: pictures, explanation and approval."""

from datetime import date
from typing import Any

import streamlit as st

from dashboards.charts.restock import demand_and_forecast, stock_projection
from dashboards.data.restock import Worklist, approve, load_item
from dashboards.session import Person
from dashboards.ui.restock import parts_table, worklist_columns, worklist_rows
from dashboards.ui.words import known, money, percent


def show_worklist(worklist: Worklist) -> int:
    """Show the list and return the row that is chosen, the first one without a choice."""
    st.dataframe(
        worklist_rows(worklist.items),
        column_config=worklist_columns(worklist.currency),
        hide_index=True,
        key="restock_list",
        on_select="rerun",
        selection_mode="single-row",
        alt="Items to order, most gain first",
    )
    rows = st.session_state["restock_list"]["selection"]["rows"] if "restock_list" in st.session_state else []
    return rows[0] if rows else 0


def show_item(person: Person, worklist: Worklist, row: int) -> None:
    """Show one line: demand and stock as pictures, why this quantity, and what to do."""
    proposal = worklist.items[row]
    item = load_item(person.api, proposal["series_id"])
    st.subheader(f"{proposal['product_name']} · {proposal['sku']} · {proposal['location_name']}")
    if proposal["is_assumed"]:
        st.caption(":material/info: Supplier terms, cost or stock of this item are **assumed**, not known.")
    demand, stock = st.columns(2)
    demand.caption("Demand: past days, and the forecast in which 8 of 10 days fall")
    demand.altair_chart(
        demand_and_forecast(item["demand"], item["forecast"]), alt="Demand of past days and its forecast"
    )
    stock.caption("Stock if nothing is ordered; the line marks the day an order of today arrives")
    arrival = date.fromisoformat(proposal["expected_arrival_date"])
    stock.altair_chart(
        stock_projection(item["projection"], arrival=arrival), alt="Projected stock if nothing is ordered"
    )
    why, act = st.columns(2)
    why.markdown(f"**Why {proposal['suggested_units']:,} units?**")
    why.dataframe(parts_table(proposal), hide_index=True, alt="Parts of the suggestion; they add up")
    why.caption(
        f"Chance to run out before the next order could arrive:"
        f" {percent(proposal['stockout_probability_ratio'])}."
        f" With this order {percent(proposal['fill_rate_ratio'])} of demand is served from stock (fill rate);"
        f" no stock-out in {percent(proposal['cycle_service_ratio'])} of cases (cycle service)."
        f" Out of stock: {known(proposal['projected_stockout_date'])}."
        f" Gain: {money(proposal['value_amount'], worklist.currency)}."
    )
    with act:
        _show_decision(person, worklist, proposal)


def _show_decision(person: Person, worklist: Worklist, proposal: dict[str, Any]) -> None:
    decision = proposal["decision"]
    if decision is not None:
        number = decision["restock_number"]
        st.success(
            f"{decision['decision'].capitalize()}: {decision['decided_units']} units"
            + (f" on restock order **{number}**." if number else "."),
            icon=":material/task_alt:",
        )
        return
    st.markdown(f"**Order from {known(proposal['supplier_name'])}** by {proposal['order_by_date']}")
    st.write(f"Cost {money(proposal['cost_amount'], worklist.currency)}")
    units = st.number_input(
        "Units",
        min_value=1,
        value=proposal["suggested_units"],
        step=1,
        key=f"units_{proposal['proposal_id']}",
    )
    if st.button(
        "Approve",
        type="primary",
        icon=":material/check:",
        disabled=not person.may_restock,
        key=f"approve_{proposal['proposal_id']}",
    ):
        outcome = approve(person.api, proposal, int(units))
        st.session_state["restock_notice"] = outcome
        st.rerun()
