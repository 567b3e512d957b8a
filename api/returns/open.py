"""Returns of an order that are on their way: what orders ask about them."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.returns.tables import order_returns

OPEN_STATUSES = ("requested", "approved")


async def has_open_return(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> bool:
    """Tell whether a return of the order is requested or approved and has not arrived."""
    found = sa.select(order_returns.c.id).where(
        order_returns.c.company_id == company_id,
        order_returns.c.order_id == order_id,
        order_returns.c.status.in_(OPEN_STATUSES),
    )
    return await connection.scalar(found.limit(1)) is not None
