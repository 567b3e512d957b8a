"""Which products carry sales, and which have turned?"""

import streamlit as st

from core.metrics.registry import METRICS
from dashboards.ui.assortment import show_classes, show_new
from dashboards.ui.page import open_page
from dashboards.ui.page_parts import choose, show_headlines
from dashboards.ui.product import product_in_address, show_product
from dashboards.ui.products import show_all, show_movers

HEADLINES = ("net_sales_amount", "units", "margin_amount", "margin_ratio", "returns_units_ratio")
RANKED = ("net_sales_amount", "units", "margin_amount", "margin_ratio", "returns_units_ratio")

page = open_page("Which products carry sales?")
product_id = product_in_address()
if product_id is not None:
    show_product(page, product_id)
    st.stop()
show_headlines(page, HEADLINES)
measure = choose("Rank by", {name: METRICS[name].title for name in RANKED[:3]}, key="products_measure")
st.subheader("What turned?")
show_movers(page, measure)
st.subheader("All products that sold")
show_all(page, (measure, *(name for name in RANKED if name != measure)))
st.subheader("What is new?")
show_new(page)
st.subheader("What carries the assortment?")
show_classes(page)
