"""Is the right stock there: what is it worth, how fast does it turn, and what was missing?"""

import streamlit as st

from core.metrics.registry import METRICS
from core.metrics.stock_report import COURSE
from dashboards.data.filters import BUCKETS
from dashboards.ui.inventory import (
    choose_scope,
    read_report,
    show_dead,
    show_missing,
    show_stock_course,
    show_stock_headlines,
    show_suppliers,
    show_turning,
    show_value_and_age,
)
from dashboards.ui.page import open_page
from dashboards.ui.page_parts import choose

page = open_page("Is the right stock there?")
scope = choose_scope(page)
report = read_report(page, scope)
if not report.totals["stock_units"] and not report.categories:
    st.info(
        "No stock is known for these days and places. Choose others, or record stock through the API.",
        icon=":material/inventory_2:",
    )
    st.stop()
show_stock_headlines(page, scope, report)
left, right = st.columns([3, 1])
with left:
    measure = choose("Show", {name: METRICS[name].title for name in COURSE}, key="inventory_measure")
with right:
    bucket = choose("By", BUCKETS, key="inventory_bucket")
show_stock_course(page, scope, measure, bucket)
st.subheader("What was missing?")
show_missing(page, report)
st.subheader("How fast does it turn?")
show_turning(page, report)
st.subheader("What is it worth, and how old is it?")
show_value_and_age(page, report)
st.subheader("What does nobody ask for?")
show_dead(page, report)
st.subheader("How do suppliers deliver?")
show_suppliers(page, report)
