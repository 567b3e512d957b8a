"""The entry: who is logged in, which pages they see, then the page itself."""

from pathlib import Path

import streamlit as st

from dashboards import context
from dashboards.session import choose_company, require_person
from dashboards.ui.notices import show_link

ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Stockwise", page_icon=ICON, layout="wide")
person = require_person()

pages = []
if person.may_see_sales:
    pages.append(
        st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", url_path="overview")
    )
if person.may_see_plans:
    pages.append(
        st.Page("views/restock.py", title="Restock", icon=":material/local_shipping:", url_path="restock")
    )
pages.append(
    st.Page("views/data_health.py", title="Data health", icon=":material/fact_check:", url_path="data-health")
)


def open_first_page() -> None:
    """Leave the bare address: the default page has no address of its own, and links need one."""
    st.switch_page(pages[0], query_params=st.query_params.to_dict())


start = st.Page(open_first_page, title="Stockwise", url_path="start", default=True, visibility="hidden")
page = st.navigation([start, *pages])
st.set_page_config(page_title=page.title if page is start else f"{page.title} · Stockwise", page_icon=ICON)

with st.sidebar:
    choose_company(person)
    st.caption(f"{person.name} · {person.company_name}")
    show_link("Log out", f"{context.settings().api_url}/logout")

page.run()
