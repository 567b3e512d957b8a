"""How are sales going, and what needs a look?"""

import streamlit as st

from core.metrics.inventory import stock_summary
from core.metrics.registry import METRICS
from dashboards.data.alerts import sales_alerts, stock_alerts
from dashboards.ui.alerts import show_alerts
from dashboards.ui.page import open_page
from dashboards.ui.page_parts import choose, show_course, show_headlines, show_ranking
from dashboards.ui.sellers import show_sellers

HEADLINES = (
    "net_sales_amount",
    "orders_count",
    "average_order_value_amount",
    "margin_amount",
    "returns_amount",
)
CHARTED = ("net_sales_amount", "orders_count", "margin_amount", "average_order_value_amount")
WATCHED = ("net_sales_amount", "returns_amount_ratio")

page = open_page("How are sales going?", filters=("period", "compare", "shop"))
compared = page.compared(WATCHED)
alerts = sales_alerts(compared.totals, compared.previous_totals) if compared else []
show_alerts(page.person, [*alerts, *stock_alerts(page.read(stock_summary, filters=page.stock_filters))])
show_headlines(page, HEADLINES)
measure = choose("Show by day", {name: METRICS[name].title for name in CHARTED}, key="overview_measure")
rest = [name for name in CHARTED if name != measure]
show_course(page, (measure, *rest), bucket="day", key="overview_days")
show_sellers(page, limit=10, key="overview")
if len(page.choices.shops) > 1:
    st.subheader("Which shops sell most?")
    show_ranking(page, "shop", ("net_sales_amount", "orders_count", "margin_ratio"), key="overview_shops")
