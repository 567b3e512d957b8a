"""Reading an order's returns."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.returns import queries
from api.returns.schemas import ReturnRead


async def read_returns(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> list[ReturnRead]:
    """Return an order's returns with their lines, the first first."""
    rows = await queries.list_returns_of(connection, company_id, order_id)
    return [ReturnRead.model_validate(row) for row in rows]
