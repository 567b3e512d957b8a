"""Versions of what is read and changed: ETag, ``If-None-Match`` (304) and ``If-Match`` (428, 412).

A version is the hash of the representation: whatever changes what a reader would see changes it, also a row
of another table. An update reads the representation under the row's lock, compares, and then writes.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, StaleVersion, VersionRequired

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1000, description="ETag of the version that you change")
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=1000, description="ETag of what you have")
]
VERSION_ERRORS: tuple[type[ApiError], ...] = (VersionRequired, StaleVersion)
_ETAG_CHARACTERS = 32


def etag_of(body: BaseModel | bytes) -> str:
    """Return the strong ETag of a representation."""
    written = body if isinstance(body, bytes) else body.model_dump_json().encode()
    return f'"{hashlib.sha256(written).hexdigest()[:_ETAG_CHARACTERS]}"'


def require_version(if_match: str | None, current: BaseModel) -> None:
    """Refuse a change of something that the caller has not seen as it is now.

    Raises
    ------
    VersionRequired
        If no version is named.
    StaleVersion
        If none of the named ones is the current one (``*`` is any).
    """
    if if_match is None or not if_match.strip():
        raise VersionRequired
    named = _named(if_match)
    if "*" not in named and etag_of(current) not in named:
        raise StaleVersion


def answer(
    body: BaseModel,
    request: Request,
    *,
    status_code: int = 200,
    cache_control: str = "private, no-cache",
) -> Response:
    """Write a representation with its ETag, or 304 where a read names the version it has."""
    written = body.model_dump_json().encode()
    etag = etag_of(written)
    headers = {"ETag": etag, "Cache-Control": cache_control}
    known = request.headers.get("if-none-match")
    if known is not None and request.method in ("GET", "HEAD") and _is_known(known, etag):
        return Response(status_code=304, headers=headers)
    return Response(written, status_code=status_code, media_type="application/json", headers=headers)


def _is_known(known: str, etag: str) -> bool:
    named = _named(known)
    return "*" in named or etag in {name.removeprefix("W/") for name in named}


def _named(header: str) -> set[str]:
    return {part.strip() for part in header.split(",")}
