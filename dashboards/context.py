"""What the pages run under: the settings, given by the command or loaded as any would, and the visitor."""

from __future__ import annotations

import streamlit as st

from core.settings import Settings, load_settings

COOKIE = "stockwise_session"
_given: list[Settings] = []


def configure(settings: Settings) -> None:
    """Let all pages of this process use ``settings``."""
    _given[:] = [settings]


def settings() -> Settings:
    """Return the settings of this process."""
    if not _given:
        _given.append(load_settings())
    return _given[0]


def visitor_cookie() -> str | None:
    """Return the login page's cookie, as the browser sent it when it opened this page."""
    return st.context.cookies.get(COOKIE)
