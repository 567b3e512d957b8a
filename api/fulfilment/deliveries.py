"""What other parts ask about an order's shipments: are there any, and what arrived since when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fulfilment import queries
from api.fulfilment.tables import shipment_lines, shipments


async def has_shipments(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> bool:
    """Tell whether anything of an order was sent here; imported orders know no shipments."""
    return await queries.count_shipments(connection, company_id, order_id) > 0


async def delivered_line_units(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, *, since: datetime
) -> dict[UUID, int]:
    """Return the units of each order line that were delivered after ``since``."""
    statement = (
        sa.select(shipment_lines.c.order_line_id, sa.func.sum(shipment_lines.c.quantity_units).label("units"))
        .join(
            shipments,
            sa.and_(
                shipments.c.company_id == shipment_lines.c.company_id,
                shipments.c.id == shipment_lines.c.shipment_id,
            ),
        )
        .where(
            shipments.c.company_id == company_id,
            shipments.c.order_id == order_id,
            shipments.c.delivered_at > since,
        )
        .group_by(shipment_lines.c.order_line_id)
    )
    return {row.order_line_id: int(row.units) for row in await connection.execute(statement)}
