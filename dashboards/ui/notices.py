"""What a page says instead of numbers, always with a next step; and links that leave the pages."""

from html import escape

import streamlit as st

_BUTTON = "display:inline-block;padding:.4rem .9rem;border-radius:.5rem;text-decoration:none;"
# White on this blue has a contrast of 5.2:1, in light and in dark mode.
_PRIMARY = f"{_BUTTON}background:#0072B2;color:#fff"
_SECONDARY = f"{_BUTTON}border:1px solid currentColor;color:inherit"


def show_link(label: str, url: str, *, is_primary: bool = False) -> None:
    """Show a link that stays in this browser tab; Streamlit's own would open another one."""
    style = _PRIMARY if is_primary else _SECONDARY
    st.html(f'<a href="{escape(url, quote=True)}" style="{style}">{escape(label)}</a>')


def show_nothing_published() -> None:
    """Say what to do when no build holds the company yet."""
    st.info(
        "No numbers are published yet. Run `stockwise run`, then reload this page.",
        icon=":material/hourglass_empty:",
    )


def show_unreachable() -> None:
    """Say what to do when the API is down."""
    st.error(
        "The API does not answer. Start it with `stockwise serve`, then reload this page.",
        icon=":material/cloud_off:",
    )


def show_outdated(detail: str) -> None:
    """Say that the build was made by another version, and what to do."""
    st.warning(
        f"{detail} Run `stockwise run`, then reload this page.", icon=":material/published_with_changes:"
    )


def show_refusal(detail: str) -> None:
    """Say what the API refused, in its own words."""
    st.error(detail, icon=":material/block:")


def show_no_data(first_date: object, last_date: object, *, is_filtered: bool) -> None:
    """Say that the days shown hold nothing, and which days would."""
    more = " or clear the shop and category filters" if is_filtered else ""
    st.info(
        f"Nothing to show in these days. The data covers {first_date} to {last_date}:"
        f" choose days within them{more}.",
        icon=":material/inbox:",
    )


def show_forbidden_choice(labels: list[str], *, kind: str) -> None:
    """Say that an address names what the visitor may not see or what does not exist, which look the same."""
    named = ", ".join(f"“{label[:60]}”" for label in labels[:5])
    st.error(
        f"This address asks for {named}, which is not a {kind} that you may see here.",
        icon=":material/block:",
    )


def show_nothing_sold() -> None:
    """Say that the build holds no sales of the visitor's shops."""
    st.info(
        "The published numbers hold no sales of your shops yet. Orders show after the next `stockwise run`.",
        icon=":material/hourglass_empty:",
    )
