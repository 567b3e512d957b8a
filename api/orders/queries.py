"""SQL of orders, except their placement (``placement.sql``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.orders.tables import order_history, order_lines, orders

Row = sa.RowMapping


@dataclass(frozen=True)
class OrderFilter:
    """Which orders a reader may see and wants to see; None: no limit."""

    reachable_shop_ids: Collection[UUID] | None = None
    own_customer_id: UUID | None = None
    shop_id: UUID | None = None
    customer_id: UUID | None = None
    status: str | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Write the filter in SQL."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.reachable_shop_ids is not None:
            conditions.append(orders.c.shop_id.in_(self.reachable_shop_ids))
        if self.placed_from is not None:
            conditions.append(orders.c.placed_at >= self.placed_from)
        if self.placed_until is not None:
            conditions.append(orders.c.placed_at < self.placed_until)
        equal = {
            orders.c.customer_id: (self.own_customer_id, self.customer_id),
            orders.c.shop_id: (self.shop_id,),
            orders.c.status: (self.status,),
        }
        for column, values in equal.items():
            conditions += [column == value for value in values if value is not None]
        return conditions


async def list_orders(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: OrderFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return orders, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(orders)
        .where(orders.c.company_id == company_id, *wanted.conditions())
        .order_by(orders.c.placed_at.desc(), orders.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(orders.c.placed_at, orders.c.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def get_order(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, wanted: OrderFilter
) -> dict[str, Any] | None:
    """Return an order with its lines, if the filter lets it through."""
    found = sa.select(orders).where(
        orders.c.company_id == company_id, orders.c.id == order_id, *wanted.conditions()
    )
    order = (await connection.execute(found)).mappings().one_or_none()
    if order is None:
        return None
    lines = sa.select(order_lines).where(
        order_lines.c.company_id == company_id, order_lines.c.order_id == order_id
    )
    rows = (await connection.execute(lines.order_by(order_lines.c.line_number))).mappings().all()
    return {**order, "lines": [dict(row) for row in rows]}


async def lock_order(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, wanted: OrderFilter
) -> Row | None:
    """Return an order that nobody else changes until this transaction ends."""
    statement = (
        sa.select(orders)
        .where(orders.c.company_id == company_id, orders.c.id == order_id, *wanted.conditions())
        .with_for_update()
    )
    return (await connection.execute(statement)).mappings().one_or_none()


async def set_status(
    connection: AsyncConnection,
    order: Row,
    status: str,
    *,
    at: datetime,
    note: str | None,
    changed_by: UUID | None,
) -> None:
    """Write the new status with its time, and the change into the history."""
    values: dict[str, Any] = {"status": status, "reservation_expires_at": None}
    if f"{status}_at" in orders.c:
        values[f"{status}_at"] = at
    if status == "cancelled":
        values["cancellation_reason"] = note
    await connection.execute(
        sa.update(orders)
        .where(orders.c.company_id == order["company_id"], orders.c.id == order["id"])
        .values(**values)
    )
    await connection.execute(
        sa.insert(order_history).values(
            company_id=order["company_id"],
            order_id=order["id"],
            from_status=order["status"],
            to_status=status,
            note=note,
            changed_by=changed_by,
            occurred_at=at,
        )
    )


async def cancel_lines(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> None:
    """Cancel all units that were not fulfilled."""
    await connection.execute(
        sa.update(order_lines)
        .where(order_lines.c.company_id == company_id, order_lines.c.order_id == order_id)
        .values(cancelled_units=order_lines.c.quantity_units - order_lines.c.fulfilled_units)
    )


async def fulfil_lines(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> None:
    """Mark all units that were not cancelled as fulfilled."""
    await connection.execute(
        sa.update(order_lines)
        .where(order_lines.c.company_id == company_id, order_lines.c.order_id == order_id)
        .values(fulfilled_units=order_lines.c.quantity_units - order_lines.c.cancelled_units)
    )


async def return_window_days(connection: AsyncConnection, company_id: UUID) -> int:
    """Return for how many days after delivery the company takes goods back."""
    statement = sa.text("select return_window_days from companies where id = :company_id")
    return int((await connection.execute(statement, {"company_id": company_id})).scalar_one())


async def expired_order_ids(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, limit: int
) -> Sequence[UUID]:
    """Return pending orders that held their stock for longer than they may."""
    statement = (
        sa.select(orders.c.id)
        .where(
            orders.c.company_id == company_id,
            orders.c.status == "pending",
            orders.c.reservation_expires_at <= at,
        )
        .order_by(orders.c.reservation_expires_at, orders.c.id)
        .limit(limit)
    )
    return (await connection.execute(statement)).scalars().all()
