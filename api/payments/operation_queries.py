"""SQL of what providers are asked for: written before the call, claimed while it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.payments.rows import Row, all_rows, one_row
from api.payments.tables import payment_operations
from core.ids import new_id

LEASE = timedelta(seconds=60)
# PayPal forgets an idempotency key after 6 hours, Stripe after 24: later, asking again could charge again.
KEY_LIFETIME = timedelta(hours=5)


async def add_operation(connection: AsyncConnection, **values: Any) -> UUID:
    """Insert an operation and return its id."""
    operation_id = new_id()
    await connection.execute(sa.insert(payment_operations).values(id=operation_id, **values))
    return operation_id


async def find_operation(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    operation_id: UUID | None = None,
    request_key: str | None = None,
    refund_id: UUID | None = None,
    is_locked: bool = False,
) -> Row | None:
    """Return an operation by what it is known by."""
    statement = sa.select(payment_operations).where(payment_operations.c.company_id == company_id)
    named = {"id": operation_id, "request_key": request_key, "refund_id": refund_id}
    for name, value in named.items():
        if value is not None:
            statement = statement.where(payment_operations.c[name] == value)
    if is_locked:
        statement = statement.with_for_update()
    return await one_row(connection, statement.limit(1))


async def operation_in_flight(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Row | None:
    """Return the charging step of a payment whose answer is not known yet."""
    statement = sa.select(payment_operations).where(
        payment_operations.c.company_id == company_id,
        payment_operations.c.payment_id == payment_id,
        payment_operations.c.status == "pending",
        payment_operations.c.kind != "refund",
    )
    return await one_row(connection, statement)


async def claim_operation(
    connection: AsyncConnection, company_id: UUID, operation_id: UUID, *, at: datetime
) -> bool:
    """Take a pending operation that nobody works on; False: it is finished, or somebody does."""
    result = await connection.execute(
        sa.update(payment_operations)
        .where(
            payment_operations.c.company_id == company_id,
            payment_operations.c.id == operation_id,
            payment_operations.c.status == "pending",
            payment_operations.c.claimed_until <= at,
            payment_operations.c.created_at > at - KEY_LIFETIME,
        )
        .values(claimed_until=at + LEASE, tries=payment_operations.c.tries + 1, updated_at=sa.func.now())
    )
    return bool(result.rowcount)


async def change_operation(connection: AsyncConnection, operation: Mapping[str, Any], **values: Any) -> None:
    """Write new values into an operation."""
    await connection.execute(
        sa.update(payment_operations)
        .where(
            payment_operations.c.company_id == operation["company_id"],
            payment_operations.c.id == operation["id"],
        )
        .values(updated_at=sa.func.now(), **values)
    )


async def due_operation_ids(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, limit: int
) -> Sequence[UUID]:
    """Return pending operations that nobody works on, the longest waiting first."""
    statement = (
        sa.select(payment_operations.c.id)
        .where(
            payment_operations.c.company_id == company_id,
            payment_operations.c.status == "pending",
            payment_operations.c.claimed_until <= at,
            payment_operations.c.created_at > at - KEY_LIFETIME,
        )
        .order_by(payment_operations.c.claimed_until, payment_operations.c.id)
        .limit(limit)
    )
    return (await connection.execute(statement)).scalars().all()


def is_lost(operation: Mapping[str, Any], *, at: datetime) -> bool:
    """Whether the provider is not asked again: its answer must be found by hand."""
    created_at: datetime = operation["created_at"]
    return created_at <= at - KEY_LIFETIME and operation["claimed_until"] <= at


async def lost_operation_ids(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, limit: int
) -> Sequence[UUID]:
    """Return operations that nobody asks about again and nobody was told of, the oldest first."""
    statement = (
        sa.select(payment_operations.c.id)
        .where(
            payment_operations.c.company_id == company_id,
            payment_operations.c.status == "pending",
            payment_operations.c.claimed_until <= at,
            payment_operations.c.created_at <= at - KEY_LIFETIME,
            payment_operations.c.given_up_at.is_(None),
        )
        .order_by(payment_operations.c.created_at, payment_operations.c.id)
        .limit(limit)
    )
    return (await connection.execute(statement)).scalars().all()


async def list_operations(connection: AsyncConnection, company_id: UUID, payment_id: UUID) -> Sequence[Row]:
    """Return what a provider was asked for, oldest first."""
    statement = (
        sa.select(payment_operations)
        .where(payment_operations.c.company_id == company_id, payment_operations.c.payment_id == payment_id)
        .order_by(payment_operations.c.created_at, payment_operations.c.id)
        .limit(500)
    )
    return await all_rows(connection, statement)
