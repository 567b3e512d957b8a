"""The few statements that the catalogue's smaller tables have alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.events.outbox import append_event

Row = sa.RowMapping
Condition = sa.ColumnElement[bool]


async def get_record(
    connection: AsyncConnection,
    table: sa.Table,
    company_id: UUID,
    record_id: UUID,
    *conditions: Condition,
    for_update: bool = False,
) -> Row | None:
    """Return a row by its id, if the conditions let it through."""
    statement = sa.select(table).where(table.c.company_id == company_id, table.c.id == record_id, *conditions)
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_records(
    connection: AsyncConnection,
    table: sa.Table,
    company_id: UUID,
    conditions: Sequence[Condition],
    *,
    order: Sequence[str],
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[Row]:
    """Return rows ordered by columns without nulls, one more than ``limit`` when there is a next page."""
    columns = [table.c[name] for name in order]
    statement = sa.select(table).where(table.c.company_id == company_id, *conditions)
    if after is not None:
        statement = statement.where(sa.tuple_(*columns) > sa.tuple_(*map(sa.literal, after)))
    statement = statement.order_by(*columns).limit(limit + 1)
    return (await connection.execute(statement)).mappings().all()


async def insert_record(connection: AsyncConnection, table: sa.Table, values: Mapping[str, Any]) -> Row:
    row: Row = (await connection.execute(sa.insert(table).values(**values).returning(table))).mappings().one()
    return row


async def update_record(
    connection: AsyncConnection,
    table: sa.Table,
    company_id: UUID,
    record_id: UUID,
    values: Mapping[str, Any],
) -> Row:
    """Change a row and return it."""
    statement = (
        sa.update(table)
        .where(table.c.company_id == company_id, table.c.id == record_id)
        .values(updated_at=sa.func.now(), **values)
        .returning(table)
    )
    row: Row = (await connection.execute(statement)).mappings().one()
    return row


async def tell(
    connection: AsyncConnection,
    kind: str,
    row: Row,
    *,
    user_id: UUID | None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Write the event of a change: ``category.updated``."""
    aggregate = kind.partition(".")[0]
    await append_event(
        connection,
        company_id=row["company_id"],
        type=kind,
        aggregate_type=aggregate,
        aggregate_id=row["id"],
        payload={f"{aggregate}_id": str(row["id"]), **(payload or {})},
        actor_user_id=user_id,
    )
