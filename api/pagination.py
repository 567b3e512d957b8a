"""Pages by key, not by number: a cursor says after which row to go on, so no page skips or repeats one.

A cursor is bound to the filters and the order under which it was given; under others it is refused. It names
a position only: whoever alters it reads from elsewhere in rows that they may read anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from api.errors import InvalidContent

LARGEST_PAGE = 100
_BINDING_CHARACTERS = 12
Row = TypeVar("Row")

PageLimit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Items on a page")]
PageCursor = Annotated[
    str | None, Query(max_length=1000, description="next_cursor of the page before, with the same filters")
]


class InvalidCursor(InvalidContent):
    """The cursor is not one of ours, or belongs to other filters."""

    code = "invalid_cursor"
    title = "The cursor does not fit"
    detail = "The cursor was altered or belongs to other filters. Start again without it."


def binding_of(order: str, **filters: object) -> str:
    """Name the order and filters that a cursor is bound to."""
    named = json.dumps([order, sorted((name, str(value)) for name, value in filters.items())])
    return hashlib.sha256(named.encode()).hexdigest()[:_BINDING_CHARACTERS]


def encode_cursor(position: Sequence[object], *, binding: str) -> str:
    """Write the sort key of the last row on a page."""
    written = json.dumps([binding, *(None if part is None else str(part) for part in position)])
    return base64.urlsafe_b64encode(written.encode()).rstrip(b"=").decode()


def decode_cursor(
    cursor: str | None, *, binding: str, types: Sequence[Callable[[str], Any]]
) -> tuple[Any, ...] | None:
    """Return the position, each part read by its type (``UUID``, ``datetime.fromisoformat``).

    Raises
    ------
    InvalidCursor
        If it is not ours, or was given under another order or other filters.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(parts, list) or parts[0] != binding or len(parts) != len(types) + 1:
            raise InvalidCursor(pointer="/query/cursor")
        return tuple(
            None if part is None else read(str(part)) for read, part in zip(types, parts[1:], strict=True)
        )
    except (binascii.Error, ValueError, IndexError, RecursionError, ArithmeticError):
        raise InvalidCursor(pointer="/query/cursor") from None


def split_page(
    rows: Sequence[Row], *, limit: int, binding: str, position_of: Callable[[Row], Sequence[object]]
) -> tuple[Sequence[Row], str | None]:
    """Cut ``limit + 1`` rows, as the query read them, into the page and the cursor of the next one."""
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, encode_cursor(position_of(page[-1]), binding=binding)
