"""How are sales going, compared with the period before?"""

import streamlit as st

from core.metrics.registry import METRICS
from dashboards.charts.sales import sales_by_day
from dashboards.data.health import published_build
from dashboards.data.sales import load_overview, load_shops
from dashboards.session import require_person
from dashboards.ui.freshness import show_freshness, show_nothing_published, show_origin
from dashboards.ui.sales import show_sellers, show_totals

PERIODS = {7: "7 days", 28: "28 days", 91: "13 weeks", 364: "52 weeks"}


person = require_person()
st.title("How are sales going?")
build = published_build()
if build is None:
    show_nothing_published()
    st.stop()
choice = load_shops(person.company_id, build.build_id, person.shop_ids)
if choice.horizon_date is None or not choice.shops:
    show_nothing_published()
    st.stop()

filters = st.columns([2, 3])
days = filters[0].segmented_control(
    "Period",
    list(PERIODS),
    default=28,
    required=True,
    format_func=PERIODS.__getitem__,
    key="overview_days",
    bind="query-params",
)
shops = filters[1].multiselect(
    "Shops",
    list(choice.shops),
    format_func=choice.shops.__getitem__,
    placeholder="All your shops",
    key="overview_shops",
    bind="query-params",
)
chosen = tuple(shops) or (None if person.shop_ids is None else tuple(choice.shops))
overview = load_overview(person.company_id, build.build_id, chosen, choice.horizon_date, days or 28)
show_freshness(overview.build, overview.timezone)
show_origin(overview.data_origin)
period, previous = overview.period, overview.previous_period
st.caption(
    f"{period.first_date} to {period.last_date}, compared with {previous.first_date} to {previous.last_date}"
    f" (same weekdays); days in {overview.timezone}; the last day may still be running."
)
show_totals(overview)
measure = st.segmented_control(
    "Show",
    ["net_sales_amount", "orders_count", "average_order_value_amount"],
    default="net_sales_amount",
    required=True,
    format_func=lambda name: METRICS[name].title,
    key="overview_measure",
    bind="query-params",
)
name = measure or "net_sales_amount"
unit = "" if METRICS[name].unit == "orders" else f" ({overview.currency})"
st.altair_chart(
    sales_by_day(overview.days, overview.previous_days, column=name, title=f"{METRICS[name].title}{unit}"),
    alt=f"{METRICS[name].title} by day, this period and the one before",
)
show_sellers(overview)
