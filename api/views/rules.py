"""Decisions about views, without I/O: when one can have happened, and what is kept of who and whence."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

OLDEST_VIEW = timedelta(days=7)
# Clocks of browsers are fast or slow; a view from the near future happened now.
FASTEST_CLOCK = timedelta(minutes=5)
_KEY_CHARACTERS = 32

BadTime = Literal["viewed_in_future", "viewed_too_long_ago"]


def bad_time(viewed_at: datetime, *, now: datetime) -> BadTime | None:
    """Say why a view can't have happened then; None: it can."""
    if viewed_at > now + FASTEST_CLOCK:
        return "viewed_in_future"
    return "viewed_too_long_ago" if viewed_at < now - OLDEST_VIEW else None


def session_key(company_id: UUID, session_id: str) -> str:
    """Return what is stored of a session's name: it leads back to nothing, and to no other company's.

    Examples
    --------
    >>> session_key(UUID(int=1), "session-1")
    '1e14c4ae6e0ef67bcaacec795a60476b'
    """
    return hashlib.sha256(f"{company_id} {session_id}".encode()).hexdigest()[:_KEY_CHARACTERS]


def kept_referrer(url: str) -> str:
    """Return an address without name, password, query and fragment: they may say who it was.

    Examples
    --------
    >>> kept_referrer("https://ann:pw@shop.example:8080/shoes/red?mail=a@b.c#top")
    'https://shop.example:8080/shoes/red'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
