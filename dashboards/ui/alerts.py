"""Alerts above the figures: each a sentence with its sign, and a link to the page that says more."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.data.alerts import Alert
from dashboards.navigation import pages_of
from dashboards.session import Person

_SIGNS = {"bad": ":material/error:", "watch": ":material/visibility:"}


def show_alerts(person: Person, alerts: Sequence[Alert]) -> None:
    """Show what to look at, or that there is nothing; a page that the person lacks is not linked."""
    if not alerts:
        st.caption(":material/task_alt: Nothing needs a look: no sharp fall, nothing out of stock.")
        return
    linked = {page.view: page for page in pages_of(person)}
    with st.container(border=True):
        for alert in alerts:
            row = st.container(horizontal=True, vertical_alignment="center", gap="medium")
            row.markdown(f"{_SIGNS[alert.level]} {alert.sentence}", width="content")
            if alert.view in linked:
                page = linked[alert.view]
                row.page_link(f"views/{page.view}.py", label=f"Open {page.title}", width="content")
