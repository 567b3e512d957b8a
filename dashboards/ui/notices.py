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


def show_refusal(detail: str) -> None:
    """Say what the API refused, in its own words."""
    st.error(detail, icon=":material/block:")
