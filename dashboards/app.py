"""The entry: who is logged in, which pages they see, then the page itself."""

import streamlit as st

from dashboards import context
from dashboards.session import choose_company, require_person

st.set_page_config(page_title="Stockwise", page_icon=":material/inventory_2:", layout="wide")
person = require_person()

pages = []
if person.may_see_sales:
    pages.append(
        st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", url_path="overview")
    )
if person.roles & {"company_admin", "super_admin", "shop_manager", "buyer"}:
    pages.append(
        st.Page("views/restock.py", title="Restock", icon=":material/local_shipping:", url_path="restock")
    )
pages.append(
    st.Page("views/data_health.py", title="Data health", icon=":material/fact_check:", url_path="data-health")
)
page = st.navigation(pages)

with st.sidebar:
    choose_company(person)
    st.caption(f"{person.name} · {person.company_name}")
    st.link_button("Log out", f"{context.settings().api_url}/login", icon=":material/logout:")

page.run()
