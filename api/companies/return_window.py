"""For how long a company takes goods back."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


async def return_window_days(connection: AsyncConnection, company_id: UUID) -> int:
    """Return for how many days after delivery the company takes goods back."""
    statement = sa.text("select return_window_days from companies where id = :company_id")
    return int((await connection.execute(statement, {"company_id": company_id})).scalar_one())
