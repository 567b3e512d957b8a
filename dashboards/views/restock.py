"""What should we order today, from whom, and why?"""

import streamlit as st

from dashboards.data.measures import load_facts
from dashboards.data.restock import load_worklist
from dashboards.session import explained_failures, require_person
from dashboards.ui.freshness import show_freshness, show_origin
from dashboards.ui.restock import show_figures, show_worklist
from dashboards.ui.restock_item import show_item

person = require_person()
st.title("What should we order today?")
with explained_failures():
    whole = load_worklist(person.api)
show_freshness(whole.build, whole.timezone)
with explained_failures():
    facts = load_facts(person.company_id, whole.build.build_id)
if facts is not None:
    show_origin(facts.data_origin)
notice = st.session_state.pop("restock_notice", None)
if notice is not None:
    (st.success if notice.is_done else st.error)(notice.sentence)
if not whole.items:
    st.info("Nothing to order: stock and open orders cover what is expected.", icon=":material/task_alt:")
    st.stop()
filters = st.columns(2)
suppliers = filters[0].multiselect(
    "Suppliers", whole.suppliers, placeholder="All", key="restock_suppliers", bind="query-params"
)
locations = filters[1].multiselect(
    "Locations", whole.locations, placeholder="All", key="restock_locations", bind="query-params"
)
worklist = whole.only(suppliers, locations)
if not worklist.items:
    st.info("No line fits these filters. Clear one to see more.", icon=":material/filter_alt_off:")
    st.stop()
show_figures(worklist)
if whole.has_more:
    st.caption(f"The {len(whole.items):,} lines with the most gain; more follow when these are decided.")
show_item(person, worklist, show_worklist(worklist))
