"""Checks of what was sent that no schema makes: unknown query parameters and unstorable text."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from starlette.requests import Request

from api.errors import InvalidContent, UnstorableText, Violation

_SUSPICIOUS = (b"\\u0000", b"\\ud", b"\\uD", b"\x00")


def refuse_unknown_query(request: Request, known: Collection[str]) -> None:
    """Refuse query parameters that the route does not know: a misspelt filter must not be ignored.

    Raises
    ------
    InvalidContent
        With a pointer to each of them.
    """
    if not request.scope["query_string"]:
        return
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise InvalidContent(
            "The address has query parameters that this route does not know.",
            violations=[
                Violation(f"/query/{name[:100]}", "extra_forbidden", "Unknown query parameter")
                for name in unknown
            ],
        )
    if any("\x00" in value for _, value in request.query_params.multi_items()):
        raise UnstorableText("A query parameter holds a NUL character.")


def refuse_unstorable_text(body: bytes) -> None:
    """Refuse a JSON body with NUL characters or lone surrogates, which PostgreSQL can't hold.

    Two searches settle almost every body; only one with a suspicious escape is walked through.

    Raises
    ------
    UnstorableText
        With a pointer to the first such text.
    """
    if not any(mark in body for mark in _SUSPICIOUS):
        return
    try:
        content = json.loads(body)
    except ValueError:
        return  # not JSON: the route's schema says so
    pointer = _find_unstorable(content)
    if pointer is not None:
        raise UnstorableText(pointer=pointer)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold ``text``."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _find_unstorable(content: Any) -> str | None:
    waiting: list[tuple[str, Any]] = [("", content)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, str) and not is_storable(value):
            return pointer
        if isinstance(value, dict):
            if not all(map(is_storable, value)):
                return pointer
            waiting += [(f"{pointer}/{key}", item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{place}", item) for place, item in enumerate(value)]
    return None
