"""The history of an order: every change with who, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders.tables import order_history

Change = Literal["status", "note", "cancellation", "shipment", "delivery", "return", "payment"]


async def write_history(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    change: Change,
    at: datetime,
    note: str | None,
    changed_by: UUID | None,
    to_status: str | None = None,
) -> None:
    """Write a change of a locked order; without ``to_status`` its status stays what it was."""
    await connection.execute(
        sa.insert(order_history).values(
            company_id=order["company_id"],
            order_id=order["id"],
            change=change,
            from_status=order["status"],
            to_status=to_status or order["status"],
            note=note,
            changed_by=changed_by,
            occurred_at=at,
        )
    )


async def list_history(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> list[dict[str, Any]]:
    """Return an order's history, oldest first."""
    statement = (
        sa.select(order_history)
        .where(order_history.c.company_id == company_id, order_history.c.order_id == order_id)
        .order_by(order_history.c.occurred_at, order_history.c.id)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]
