"""Versions of what is read and changed: ETag, ``If-None-Match`` (304) and ``If-Match`` (428, 412).

A version is the hash of the representation: whatever changes what a reader would see changes it, also a
row of another table. An update reads the representation under the row's lock, compares, and then writes.

An ETag has two parts, ``"<edited>.<whole>"``. ``If-Match`` compares the first, which leaves out the fields
that count by themselves (``volatile``), so that a sale or a review does not refuse an editor's change;
``If-None-Match`` compares both, so that a reader sees every change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, StaleVersion, VersionRequired

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1000, description="ETag of the version that you change")
]
IfMatchOfKnown = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        description="ETag of the version that you change; none for what is not there yet",
        json_schema_extra={"x-optional": True},
    ),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", max_length=1000, description="ETag of what you have")
]
VERSION_ERRORS: tuple[type[ApiError], ...] = (VersionRequired, StaleVersion)
Volatile = Mapping[str, Any]
NOTHING_VOLATILE: Volatile = {}
_PART_CHARACTERS = 16


def require_version(if_match: str | None, current: BaseModel, volatile: Volatile = NOTHING_VOLATILE) -> None:
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
    edited = f'"{_edited(current, volatile)}.'
    if "*" not in named and not any(name.startswith(edited) for name in named):
        raise StaleVersion


@dataclass(frozen=True, slots=True)
class Representation:
    """What a reader gets, written: the body and the ETag that names it."""

    body: bytes
    etag: str

    def answer(self, request: Request, *, status_code: int = 200) -> Response:
        """Write it, or 304 where a read names the version it has."""
        headers = {"ETag": self.etag, "Cache-Control": "private, no-cache"}
        known = {name.removeprefix("W/") for name in _named(request.headers.get("if-none-match", ""))}
        if request.method == "GET" and known & {self.etag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(self.body, status_code=status_code, media_type="application/json", headers=headers)


def represent(body: BaseModel, volatile: Volatile = NOTHING_VOLATILE) -> Representation:
    """Write a body once, with its ETag."""
    written = body.model_dump_json()
    return Representation(written.encode(), f'"{_edited(body, volatile)}.{_hash(written)}"')


def answer(
    body: BaseModel, request: Request, volatile: Volatile = NOTHING_VOLATILE, *, status_code: int = 200
) -> Response:
    """Write a representation with its ETag, or 304 where a read names the version it has."""
    return represent(body, volatile).answer(request, status_code=status_code)


def _edited(body: BaseModel, volatile: Volatile) -> str:
    return _hash(body.model_dump_json(exclude=dict(volatile)))


def _hash(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()[:_PART_CHARACTERS]


def _named(header: str) -> set[str]:
    return {part.strip() for part in header.split(",")}
