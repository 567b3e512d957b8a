"""SQL of returns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.currency import company_currency
from api.returns.open import OPEN_STATUSES
from api.returns.tables import order_return_lines, order_returns
from api.rows import one_row

Row = Mapping[str, Any]


async def insert_return(
    connection: AsyncConnection, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Write a return with its lines."""
    await connection.execute(sa.insert(order_returns).values(**values))
    await connection.execute(sa.insert(order_return_lines).values(list(lines)))


async def find_return(connection: AsyncConnection, company_id: UUID, return_id: UUID) -> Row | None:
    """Return a return without its lines; its order's lock guards it."""
    found = _select_returns().where(order_returns.c.company_id == company_id, order_returns.c.id == return_id)
    return one_row(await connection.execute(found))


async def list_lines(connection: AsyncConnection, company_id: UUID, return_id: UUID) -> list[dict[str, Any]]:
    """Return a return's lines."""
    statement = (
        sa.select(order_return_lines)
        .where(
            order_return_lines.c.company_id == company_id,
            order_return_lines.c.order_return_id == return_id,
        )
        .order_by(order_return_lines.c.id)
    )
    return [dict(row) for row in (await connection.execute(statement)).mappings()]


async def list_returns(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    customer_id: UUID | None,
    shop_id: UUID | None,
    status: str | None,
    before: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return returns, newest first, one more than ``limit`` when there is a next page."""
    conditions = [order_returns.c.company_id == company_id]
    if shop_ids is not None:
        conditions.append(order_returns.c.shop_id.in_(shop_ids))
    if customer_id is not None:
        conditions.append(order_returns.c.customer_id == customer_id)
    if shop_id is not None:
        conditions.append(order_returns.c.shop_id == shop_id)
    if status is not None:
        conditions.append(order_returns.c.status == status)
    if before is not None:
        conditions.append(order_returns.c.id < before)
    statement = _select_returns().where(*conditions).order_by(order_returns.c.id.desc())
    rows = (await connection.execute(statement.limit(limit + 1))).mappings().all()
    return await _with_lines(connection, company_id, rows)


async def list_returns_of(
    connection: AsyncConnection, company_id: UUID, order_id: UUID
) -> list[dict[str, Any]]:
    """Return an order's returns with their lines, the first first."""
    statement = (
        _select_returns()
        .where(order_returns.c.company_id == company_id, order_returns.c.order_id == order_id)
        .order_by(order_returns.c.id)
    )
    return await _with_lines(connection, company_id, (await connection.execute(statement)).mappings().all())


async def update_return(connection: AsyncConnection, found: Row, **values: Any) -> None:
    """Write columns of a return whose order is locked."""
    await connection.execute(
        sa.update(order_returns)
        .where(order_returns.c.company_id == found["company_id"], order_returns.c.id == found["id"])
        .values(**values)
    )


async def replace_lines(connection: AsyncConnection, found: Row, lines: Sequence[Mapping[str, Any]]) -> None:
    """Put what came in the place of what was asked for."""
    await connection.execute(
        sa.delete(order_return_lines).where(
            order_return_lines.c.company_id == found["company_id"],
            order_return_lines.c.order_return_id == found["id"],
        )
    )
    await connection.execute(sa.insert(order_return_lines).values(list(lines)))


async def open_return_units(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> dict[UUID, int]:
    """Return the units of each order line in returns that have not arrived; its lock keeps it true."""
    statement = (
        sa.select(
            order_return_lines.c.order_line_id,
            sa.func.sum(order_return_lines.c.quantity_units).label("units"),
        )
        .join(
            order_returns,
            sa.and_(
                order_returns.c.company_id == order_return_lines.c.company_id,
                order_returns.c.id == order_return_lines.c.order_return_id,
            ),
        )
        .where(
            order_returns.c.company_id == company_id,
            order_returns.c.order_id == order_id,
            order_returns.c.status.in_(OPEN_STATUSES),
        )
        .group_by(order_return_lines.c.order_line_id)
    )
    return {row.order_line_id: int(row.units) for row in await connection.execute(statement)}


def _select_returns() -> sa.Select[Any]:
    """Select returns with the currency of their orders, which is the company's."""
    return sa.select(order_returns, company_currency(order_returns.c.company_id))


async def _with_lines(
    connection: AsyncConnection, company_id: UUID, rows: Sequence[sa.RowMapping]
) -> list[dict[str, Any]]:
    if not rows:
        return []
    statement = (
        sa.select(order_return_lines)
        .where(
            order_return_lines.c.company_id == company_id,
            order_return_lines.c.order_return_id.in_([row["id"] for row in rows]),
        )
        .order_by(order_return_lines.c.id)
    )
    lines = (await connection.execute(statement)).mappings().all()
    return [
        {**row, "lines": [dict(line) for line in lines if line["order_return_id"] == row["id"]]}
        for row in rows
    ]
