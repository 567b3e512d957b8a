"""How are sales going, compared with the period before?"""

import streamlit as st

from core.metrics.registry import METRICS
from dashboards.data.health import published_build
from dashboards.data.sales import load_overview, load_shops
from dashboards.session import explained_failures, require_person
from dashboards.ui.freshness import show_freshness, show_origin
from dashboards.ui.notices import show_nothing_published
from dashboards.ui.sales import CHARTED, show_days, show_period, show_sellers, show_totals

PERIODS = {7: "7 days", 28: "28 days", 91: "13 weeks", 364: "52 weeks"}

person = require_person()
st.title("How are sales going?")
build = published_build()
if build is None:
    show_nothing_published()
    st.stop()
with explained_failures():
    choice = load_shops(person.company_id, build.build_id, person.shop_ids)
if not choice.shops:
    st.info(
        "The published numbers hold no sales of your shops yet. Orders show after the next `stockwise run`.",
        icon=":material/hourglass_empty:",
    )
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
with explained_failures():
    overview = load_overview(person.company_id, build.build_id, chosen, choice.last_date, days or 28)
show_freshness(overview.build, overview.timezone)
show_origin(overview.data_origin)
show_period(overview)
show_totals(overview)
measure = st.segmented_control(
    "Show by day",
    list(CHARTED),
    default=CHARTED[0],
    required=True,
    format_func=lambda name: METRICS[name].title,
    key="overview_measure",
    bind="query-params",
)
show_days(overview, measure or CHARTED[0])
show_sellers(overview)
