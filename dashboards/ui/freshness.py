"""The line under every title: how old the numbers are, said before they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.published import BuildInfo
from dashboards.ui.words import age, local

LATE_AFTER = timedelta(hours=24)


def show_freshness(build: BuildInfo, timezone: str, *, now: datetime | None = None) -> None:
    """Say up to when orders are counted; in red and in words when that is long ago."""
    now = now or datetime.now(UTC)
    sentence = (
        f"Data to {local(build.horizon_at, timezone)} ({timezone}), {age(build.horizon_at, now)}"
        f" · build {build.build_id}"
    )
    if now - build.horizon_at > LATE_AFTER:
        st.warning(
            f"{sentence}. **Late:** run `stockwise run`, or see Data health.", icon=":material/schedule:"
        )
    else:
        st.caption(f":material/schedule: {sentence}")


def show_origin(data_origin: str) -> None:
    """Mark numbers that are not the shop's own live ones."""
    if data_origin == "demo":
        st.caption(":material/science: Demo data, made by a generator.")
    if data_origin == "import":
        st.caption(
            ":material/info: Imported history: suppliers, costs and opening stock are **assumed** where the"
            " file had none."
        )
