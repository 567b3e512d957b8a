"""Cursors are bound to their order and filters."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.pagination import InvalidCursor, binding_of, decode_cursor, encode_cursor, split_page
from core.ids import new_id

BINDING = binding_of("created_at,id", status="paid")
POSITION = [datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), new_id(), None]
TYPES = [datetime.fromisoformat, UUID, str]


def test_a_cursor_gives_its_position_back() -> None:
    cursor = encode_cursor(POSITION, binding=BINDING)
    assert decode_cursor(cursor, binding=BINDING, types=TYPES) == tuple(POSITION)
    assert decode_cursor(None, binding=BINDING, types=TYPES) is None


@pytest.mark.parametrize(
    "binding",
    [binding_of("created_at,id", status="open"), binding_of("name", status="paid"), binding_of("x")],
)
def test_a_cursor_fits_its_own_filters_alone(binding: str) -> None:
    cursor = encode_cursor(POSITION, binding=BINDING)
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, binding=binding, types=TYPES)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%%%", "eyJ9", "W10", "bnVsbA", "WyJ4Il0", "é", encode_cursor([1, 2, 3], binding=BINDING)],
)
def test_an_altered_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, binding=BINDING, types=TYPES)


def test_the_last_page_has_no_cursor() -> None:
    rows, cursor = split_page([1, 2, 3], limit=2, binding=BINDING, position_of=lambda row: [row])
    assert rows == [1, 2]
    assert cursor is not None
    assert decode_cursor(cursor, binding=BINDING, types=[int]) == (2,)
    assert split_page([1, 2], limit=2, binding=BINDING, position_of=lambda row: [row]) == ([1, 2], None)
