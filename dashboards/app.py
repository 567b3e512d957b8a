"""The entry: who is logged in, which pages they see, then the page itself."""

from pathlib import Path
from typing import Any

import streamlit as st

from dashboards import context
from dashboards.navigation import pages_of
from dashboards.session import choose_company, require_person
from dashboards.theme import STYLE
from dashboards.ui.notices import show_link

ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Stockwise", page_icon=ICON, layout="wide")
person = require_person()

sections: dict[str, list[Any]] = {}
for entry in pages_of(person):
    shown = st.Page(f"views/{entry.view}.py", title=entry.title, icon=entry.icon, url_path=entry.url_path)
    sections.setdefault(entry.section, []).append(shown)
first_page = next(iter(sections.values()))[0]


def open_first_page() -> None:
    """Leave the bare address: the default page has no address of its own, and links need one."""
    st.switch_page(first_page, query_params=st.query_params.to_dict())


start = st.Page(open_first_page, title="Stockwise", url_path="start", default=True, visibility="hidden")
page = st.navigation({"": [start], **sections})
st.set_page_config(page_title=page.title if page is start else f"{page.title} · Stockwise", page_icon=ICON)

st.html(f"<style>{STYLE}</style>")
with st.sidebar:
    choose_company(person)
    st.caption(f"{person.name} · {person.company_name}")
    show_link("Log out", f"{context.settings().api_url}/logout")

page.run()
