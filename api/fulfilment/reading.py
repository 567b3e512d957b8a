"""Reading an order's shipments."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.fulfilment import queries
from api.fulfilment.schemas import ShipmentRead


async def read_shipments(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> list[ShipmentRead]:
    """Return an order's shipments with their lines and events, the first first."""
    rows = await queries.list_shipments(connection, company_id, [order_id])
    return [ShipmentRead.model_validate(row) for row in rows]
