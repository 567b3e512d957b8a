"""What the newest run brought, and whether that is as much as usual."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.runs import FeedRecord, RunRecord
from dashboards.ui.words import local

_SIGNS = {"sudden": "✗ sudden change", "unusual": "! unusual", "usual": "✓ usual"}
_ORDER = {name: place for place, name in enumerate(_SIGNS)}


def show_feed(feed: FeedRecord, timezone: str) -> None:
    """Say up to when the order system was read and how late that was; tables for who runs the platform."""
    lag = "" if feed.lag_seconds is None else f" The warehouse was {_span(feed.lag_seconds)} behind before."
    open_for = (
        ""
        if feed.oldest_open_seconds is None
        else f" A change was under way for {_span(feed.oldest_open_seconds)}."
    )
    st.caption(f"Read up to {local(feed.horizon_at, timezone)} ({timezone}).{lag}{open_for}")
    if feed.tables:
        with st.expander("Tables that the newest run read"):
            st.dataframe(feed_rows(feed), hide_index=True, alt="Rows, bytes and seconds of each table")


def show_volumes(run: RunRecord) -> None:
    """Show the last whole day's rows beside the same weekdays before, what is unusual first."""
    if not run.volumes:
        st.info("There are not four weeks to compare the last day with yet.", icon=":material/inbox:")
        return
    st.dataframe(volume_rows(run), hide_index=True, alt="Rows of the last day beside what is usual")


def feed_rows(feed: FeedRecord) -> list[dict[str, Any]]:
    """One row per table of which something came, the most rows first."""
    return [
        {
            "Table": table.table.replace("_", " "),
            "Rows read": table.rows,
            "Kilobytes read": round(table.bytes / 1e3),
            "Seconds": table.seconds,
            "Rows in the lake": table.lake_rows,
            "Kilobytes in the lake": round(table.lake_bytes / 1e3),
            "Files": table.segments,
        }
        for table in sorted(feed.tables, key=lambda table: (-table.rows, table.table))
        if table.rows
    ]


def volume_rows(run: RunRecord) -> list[dict[str, Any]]:
    """One row per table of a day, what is unusual first."""
    return [
        {
            "Table": line.table.replace("_", " "),
            "Result": _SIGNS[line.status],
            "Day": line.day,
            "Rows": line.rows,
            "Usually": round(line.usual_rows),
            "From": round(line.least_rows),
            "To": round(line.most_rows),
            "Weeks compared": line.weeks,
        }
        for line in sorted(run.volumes, key=lambda line: (_ORDER[line.status], line.table))
    ]


def _span(seconds: float) -> str:
    """A length of time in the unit in which a person would say it."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    minutes = seconds / 60
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"
