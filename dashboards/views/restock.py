"""What should we order today, from whom, and why?"""

from datetime import datetime

import streamlit as st

from dashboards.data.api import ApiRefusal, ApiUnreachable
from dashboards.data.restock import load_worklist
from dashboards.session import require_person
from dashboards.ui.freshness import show_freshness, show_nothing_published
from dashboards.ui.restock_item import show_item, show_worklist
from dashboards.ui.words import money

person = require_person()
st.title("What should we order today?")
try:
    worklist = load_worklist(person.api)
except ApiUnreachable:
    st.error("The API does not answer. Start it with `stockwise serve`.", icon=":material/cloud_off:")
    st.stop()
except ApiRefusal as refusal:
    if refusal.code == "nothing_published":
        show_nothing_published()
    else:
        st.error(refusal.detail, icon=":material/block:")
    st.stop()
show_freshness(worklist.build, worklist.timezone, now=datetime.now(tz=worklist.build.horizon_at.tzinfo))
notice = st.session_state.pop("restock_notice", None)
if notice is not None:
    (st.success if notice.is_done else st.error)(notice.sentence)
if not worklist.items:
    st.info("Nothing to order: stock and open orders cover what is expected.", icon=":material/task_alt:")
    st.stop()
still_open = [item for item in worklist.items if item["decision"] is None]
figures = st.columns(3)
figures[0].metric("Lines to decide on", f"{len(still_open):,}", border=True)
total_cost = sum(float(item["cost_amount"] or 0) for item in still_open)
figures[1].metric("Cost if all are ordered", money(round(total_cost, 2), worklist.currency), border=True)
total_gain = sum(float(item["value_amount"]) for item in still_open)
figures[2].metric("Gain expected from ordering", money(round(total_gain, 2), worklist.currency), border=True)
selected = show_worklist(worklist)
show_item(person, worklist, min(selected or 0, len(worklist.items) - 1))
