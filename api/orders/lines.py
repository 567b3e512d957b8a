"""The lines of orders and what became of their units: read and counted by whoever holds the order's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders.tables import order_lines

Row = Mapping[str, Any]
UnitsColumn = Literal["cancelled_units", "fulfilled_units", "delivered_units", "returned_units"]


async def list_lines(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> Sequence[Row]:
    """Return an order's lines in their order."""
    statement = (
        sa.select(order_lines)
        .where(order_lines.c.company_id == company_id, order_lines.c.order_id == order_id)
        .order_by(order_lines.c.line_number)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def add_units(
    connection: AsyncConnection, company_id: UUID, column: UnitsColumn, units: Mapping[UUID, int]
) -> None:
    """Raise one count of units of some order lines."""
    await connection.execute(
        sa.text(
            f"update order_lines as line set {column} = line.{column} + more.units"
            " from unnest(cast(:ids as uuid []), cast(:units as int [])) as more (id, units)"
            " where line.company_id = :company_id and line.id = more.id"
        ),
        {"company_id": company_id, "ids": list(units), "units": list(units.values())},
    )


async def deliver_sent_units(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> None:
    """Mark all units that were sent as delivered."""
    await connection.execute(
        sa.update(order_lines)
        .where(order_lines.c.company_id == company_id, order_lines.c.order_id == order_id)
        .values(delivered_units=order_lines.c.fulfilled_units)
    )


async def restore_expired_lines(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> None:
    """Want again what expired: all units but those that were cancelled by somebody."""
    await connection.execute(
        sa.text(
            "update order_lines as line set cancelled_units = coalesce(("
            " select sum(cancelled.quantity_units) from order_cancellation_lines as cancelled"
            " where cancelled.company_id = line.company_id and cancelled.order_line_id = line.id), 0)"
            " where line.company_id = :company_id and line.order_id = :order_id"
        ),
        {"company_id": company_id, "order_id": order_id},
    )
