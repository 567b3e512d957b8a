"""Who buys, who comes back, and what are they worth?"""

import streamlit as st

from dashboards.data.filters import BUCKETS
from dashboards.ui.customers import (
    show_cohorts,
    show_new_and_returning,
    show_pairs,
    show_segments,
    show_values,
)
from dashboards.ui.page import open_page
from dashboards.ui.page_figures import WIDE
from dashboards.ui.page_parts import choose, show_headlines

HEADLINES = (
    "customers_count",
    "new_customers_count",
    "returning_customers_count",
    "repeat_rate_ratio",
    "orders_per_customer",
    "net_sales_per_customer_amount",
)

page = open_page("Who buys, and who comes back?", filters=("period", "compare", "shop"))
show_headlines(page, HEADLINES, card_width=WIDE)
st.subheader("New or returning?")
show_new_and_returning(page, choose("By", BUCKETS, key="customers_bucket"))
st.subheader("Who comes back?")
show_cohorts(page)
st.subheader("Who are they?")
show_segments(page)
st.subheader("What are they worth?")
show_values(page)
st.subheader("What goes together?")
show_pairs(page)
