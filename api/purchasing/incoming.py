"""What other domains ask of purchasing."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.purchasing.tables import restock_orders

OPEN_STATUSES = ("draft", "approved", "sent", "partly_received")


async def has_open_orders(connection: AsyncConnection, company_id: UUID, location_id: UUID) -> bool:
    """Tell whether a restock order is to arrive at the location."""
    statement = sa.select(
        sa.exists().where(
            restock_orders.c.company_id == company_id,
            restock_orders.c.location_id == location_id,
            restock_orders.c.status.in_(OPEN_STATUSES),
        )
    )
    return bool(await connection.scalar(statement))
