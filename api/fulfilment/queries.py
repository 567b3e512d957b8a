"""SQL of shipments and of invoices that exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fulfilment.tables import invoice_files, invoices, shipment_events, shipment_lines, shipments
from api.rows import one_row

Row = Mapping[str, Any]


async def insert_shipment(
    connection: AsyncConnection, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Write a shipment with its lines."""
    await connection.execute(sa.insert(shipments).values(**values))
    await connection.execute(sa.insert(shipment_lines).values(list(lines)))


async def count_shipments(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> int:
    """Return how many shipments an order has; its lock keeps the count true."""
    counted = sa.select(sa.func.count()).where(
        shipments.c.company_id == company_id, shipments.c.order_id == order_id
    )
    return int((await connection.execute(counted)).scalar_one())


async def find_shipment(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, shipment_id: UUID
) -> Row | None:
    """Return a shipment of an order."""
    found = sa.select(shipments).where(
        shipments.c.company_id == company_id,
        shipments.c.order_id == order_id,
        shipments.c.id == shipment_id,
    )
    return one_row(await connection.execute(found))


async def list_shipments(
    connection: AsyncConnection, company_id: UUID, order_ids: Collection[UUID]
) -> list[dict[str, Any]]:
    """Return the shipments of orders with their lines and events, the first first."""
    of_orders = sa.select(shipments).where(
        shipments.c.company_id == company_id, shipments.c.order_id.in_(order_ids)
    )
    rows = (await connection.execute(of_orders.order_by(shipments.c.id))).mappings().all()
    ids = [row["id"] for row in rows]
    lines = await _of_shipments(connection, company_id, shipment_lines, ids, shipment_lines.c.id)
    told = await _of_shipments(connection, company_id, shipment_events, ids, shipment_events.c.occurred_at)
    return [
        {
            **row,
            "lines": [dict(line) for line in lines if line["shipment_id"] == row["id"]],
            "events": [dict(event) for event in told if event["shipment_id"] == row["id"]],
        }
        for row in rows
    ]


async def update_shipment(
    connection: AsyncConnection, company_id: UUID, shipment_ids: Collection[UUID], **values: Any
) -> None:
    """Write columns of shipments of a locked order."""
    await connection.execute(
        sa.update(shipments)
        .where(shipments.c.company_id == company_id, shipments.c.id.in_(shipment_ids))
        .values(**values)
    )


async def shipment_units(
    connection: AsyncConnection, company_id: UUID, shipment_ids: Collection[UUID]
) -> dict[UUID, int]:
    """Return the units of each order line in these shipments."""
    statement = (
        sa.select(shipment_lines.c.order_line_id, sa.func.sum(shipment_lines.c.quantity_units).label("units"))
        .where(shipment_lines.c.company_id == company_id, shipment_lines.c.shipment_id.in_(shipment_ids))
        .group_by(shipment_lines.c.order_line_id)
    )
    return {row.order_line_id: int(row.units) for row in await connection.execute(statement)}


async def insert_event(connection: AsyncConnection, **values: Any) -> None:
    """Write a tracking event."""
    await connection.execute(sa.insert(shipment_events).values(**values))


async def list_invoices(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> Sequence[Row]:
    """Return an order's invoice and credit notes, the first first."""
    statement = (
        sa.select(invoices)
        .where(invoices.c.company_id == company_id, invoices.c.order_id == order_id)
        .order_by(invoices.c.issued_at, invoices.c.id)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def find_file(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, invoice_id: UUID | None
) -> Row | None:
    """Return the number and the printed document of an order's invoice, or of one of its credit notes."""
    wanted = invoices.c.kind == "invoice" if invoice_id is None else invoices.c.id == invoice_id
    statement = (
        sa.select(invoices.c.invoice_number, invoices.c.kind, invoice_files.c.pdf, invoice_files.c.pdf_sha256)
        .join(
            invoice_files,
            sa.and_(
                invoice_files.c.company_id == invoices.c.company_id,
                invoice_files.c.invoice_id == invoices.c.id,
            ),
        )
        .where(invoices.c.company_id == company_id, invoices.c.order_id == order_id, wanted)
    )
    return one_row(await connection.execute(statement))


async def _of_shipments(
    connection: AsyncConnection,
    company_id: UUID,
    table: sa.Table,
    shipment_ids: Collection[UUID],
    order: sa.ColumnElement[Any],
) -> Sequence[Row]:
    if not shipment_ids:
        return []
    statement = (
        sa.select(table)
        .where(table.c.company_id == company_id, table.c.shipment_id.in_(shipment_ids))
        .order_by(order, table.c.id)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]
