"""Rows as dictionaries by column name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


async def all_rows(connection: AsyncConnection, statement: sa.Executable) -> Sequence[Row]:
    """Return all rows of a statement."""
    return [row._asdict() for row in await connection.execute(statement)]


async def one_row(connection: AsyncConnection, statement: sa.Executable) -> Row | None:
    """Return the one row of a statement, or None."""
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else row._asdict()
