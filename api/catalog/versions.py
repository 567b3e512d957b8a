"""Versions of the catalogue's resources: what somebody edits, apart from what counts by itself.

An ETag has two parts, ``"<edited>.<whole>"``. ``If-Match`` compares the first, so that a sale or a review
does not refuse an editor's change; ``If-None-Match`` compares both, so that a reader sees every change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.errors import StaleVersion, VersionRequired

Volatile = Mapping[str, Any]
NOTHING_VOLATILE: Volatile = {}
_HALF = 16


def etag_of(body: BaseModel, volatile: Volatile = NOTHING_VOLATILE) -> str:
    """Return the ETag of a representation; ``volatile`` names its fields that no editor sets."""
    return f'"{_edited(body, volatile)}.{_hash(body.model_dump_json())}"'


def require_version(if_match: str | None, body: BaseModel, volatile: Volatile = NOTHING_VOLATILE) -> None:
    """Refuse a change of something that the caller has not seen as it is now.

    Raises
    ------
    VersionRequired, StaleVersion
        If no version is named, or another one (``*`` is any).
    """
    if if_match is None or not if_match.strip():
        raise VersionRequired
    named = {part.strip().strip('"').partition(".")[0] for part in if_match.split(",")}
    if "*" not in named and _edited(body, volatile) not in named:
        raise StaleVersion


def answer(
    body: BaseModel, request: Request, volatile: Volatile = NOTHING_VOLATILE, *, status_code: int = 200
) -> Response:
    """Write a representation with its ETag, or 304 where a read names the version it has."""
    etag = etag_of(body, volatile)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if request.method == "GET" and known & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(
        body.model_dump_json(), status_code=status_code, media_type="application/json", headers=headers
    )


def _edited(body: BaseModel, volatile: Volatile) -> str:
    return _hash(body.model_dump_json(exclude=dict(volatile)))


def _hash(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()[:_HALF]
