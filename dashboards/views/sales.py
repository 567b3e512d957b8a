"""Where do sales come from, and what do they leave?"""

import streamlit as st

from core.metrics.registry import METRICS
from dashboards.data.filters import BUCKETS
from dashboards.ui.drill import LEVELS, drill_into, level_options, show_trail
from dashboards.ui.page import open_page
from dashboards.ui.page_parts import choose, show_course, show_headlines, show_ranking

HEADLINES = (
    "net_sales_amount",
    "orders_count",
    "average_order_value_amount",
    "units",
    "margin_amount",
    "margin_ratio",
    "discount_amount",
    "returns_amount",
)
CHARTED = (
    "net_sales_amount",
    "units",
    "margin_amount",
    "margin_ratio",
    "discount_amount",
    "returns_amount",
    "returns_amount_ratio",
)
RANKED = ("net_sales_amount", "units", "margin_amount", "margin_ratio", "discount_amount", "returns_amount")

page = open_page("Where do sales come from?")
show_headlines(page, HEADLINES)
left, right = st.columns([3, 1])
with left:
    measure = choose("Show", {name: METRICS[name].title for name in CHARTED}, key="sales_measure")
with right:
    bucket = choose("By", BUCKETS, key="sales_bucket")
rest = [name for name in CHARTED if name != measure]
show_course(page, (measure, *rest), bucket=bucket, key="sales_course")
st.subheader("What makes them up?")
show_trail(page)
level = choose("Cut by", level_options(page), key="sales_by")
st.caption(f"Pick a row of the table to see {LEVELS[level].into}.")
show_ranking(
    page,
    level,
    (measure, *(name for name in RANKED if name != measure)),
    key="sales_ranking",
    on_pick=lambda row: drill_into(level, row),
)
