"""Rows as plain mappings of column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa


def one_row(result: sa.CursorResult[Any]) -> Mapping[str, Any] | None:
    """Return the one row, if there is one, as a mapping of column names."""
    row = result.mappings().one_or_none()
    return None if row is None else dict(row)
