"""One line of the worklist: pictures, explanation and approval."""

from datetime import date
from typing import Any

import streamlit as st

from dashboards.charts.restock import demand_and_forecast, stock_projection
from dashboards.data.health import load_band_coverage
from dashboards.data.restock import Proposal, Worklist, approve, load_item
from dashboards.session import Person, explained_failures
from dashboards.ui.accuracy import model_title
from dashboards.ui.restock import cost_of, parts_table
from dashboards.ui.words import item_name, known, money, percent


def show_item(person: Person, worklist: Worklist, proposal: Proposal) -> None:
    """Show one line: demand and stock as pictures, why this quantity, and what to do."""
    with explained_failures():
        item = load_item(person.api, proposal["series_id"])
    st.subheader(f"{item_name(proposal)} · {proposal['sku']} · {proposal['location_name']}")
    if proposal["is_assumed"]:
        st.caption(":material/info: Supplier terms, cost or stock of this item are **assumed**, not known.")
    _show_pictures(worklist, proposal, item)
    why, act = st.columns(2)
    with why:
        _show_reasons(person, worklist, proposal, item)
    with act:
        _show_decision(person, worklist, proposal)


def _show_pictures(worklist: Worklist, proposal: Proposal, item: dict[str, Any]) -> None:
    demand, stock = st.columns(2)
    demand.markdown("**What will be wanted?** Units per day, past and expected")
    if item["demand"] or item["forecast"]:
        demand.altair_chart(
            demand_and_forecast(item["demand"], item["forecast"], today=worklist.today),
            alt="Demand of past days as bars; expected demand with the band in which 8 of 10 days fall",
        )
    else:
        demand.info("There is no demand to show yet.", icon=":material/inbox:")
    stock.markdown("**When does it run out?** Units on hand if nothing is ordered")
    if item["projection"]:
        arrival = date.fromisoformat(proposal["expected_arrival_date"])
        stock.altair_chart(
            stock_projection(item["projection"], today=worklist.today, arrival=arrival),
            alt=f"Projected stock if nothing is ordered; an order of today arrives on {arrival}",
        )
    else:
        stock.info("There is no projection to show yet.", icon=":material/inbox:")


def _show_reasons(person: Person, worklist: Worklist, proposal: Proposal, item: dict[str, Any]) -> None:
    st.markdown(f"**Why {proposal['suggested_units']:,} units?**")
    st.table(parts_table(proposal), hide_index=True, alt="Parts of the suggestion; they add up to it")
    out = known(proposal["projected_stockout_date"])
    st.caption(
        f"Likely out of stock on {out}; chance to run out before the next order could arrive:"
        f" {percent(proposal['stockout_probability_ratio'])}."
        f" With this order {percent(proposal['fill_rate_ratio'])} of demand is served from stock (fill rate),"
        f" and {percent(proposal['cycle_service_ratio'])} of cycles see no stock-out (cycle service)."
        f" Gain over not ordering: {money(proposal['value_amount'], worklist.currency)}."
    )
    if item["forecast"]:
        first = item["forecast"][0]
        coverage = load_band_coverage(person.company_id, worklist.build.build_id, first["model_name"])
        held = "" if coverage is None else f" On test days its band held {percent(coverage)} of outcomes."
        st.caption(
            f"Forecast: {model_title(first['model_name'])}, version {first['model_version']}, learnt"
            f" from days up to {first['training_end_date']}.{held} Plan {proposal['plan_run_id']}."
        )


def _show_decision(person: Person, worklist: Worklist, proposal: Proposal) -> None:
    decision = proposal["decision"]
    if decision is not None:
        number = decision["restock_number"]
        st.success(
            f"{decision['decision'].capitalize()}: {decision['decided_units']:,} units"
            + (f" on restock order **{number}**." if number else "."),
            icon=":material/task_alt:",
        )
        return
    st.markdown(f"**Order from {known(proposal['supplier_name'])}** by {proposal['order_by_date']}")
    units = st.number_input(
        "Units to order",
        min_value=1,
        value=proposal["suggested_units"],
        step=1,
        key=f"units_{proposal['proposal_id']}",
    )
    st.write(cost_of(proposal, int(units), worklist.currency))
    if not person.may_restock:
        st.caption("Buyers and company admins can approve.")
    if st.button(
        "Approve",
        type="primary",
        icon=":material/check:",
        disabled=not person.may_restock or proposal["supplier_id"] is None,
        key=f"approve_{proposal['proposal_id']}",
    ):
        _approve(person, proposal, int(units))


def _approve(person: Person, proposal: Proposal, units: int) -> None:
    """Approve, then draw the page anew: it shows what is decided, by whomever."""
    st.session_state["restock_notice"] = approve(person.api, proposal, units)
    st.query_params["item"] = proposal["series_id"]
    st.rerun()
