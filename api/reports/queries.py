"""SQL of saved reports and of reports that were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.reports.tables import report_definitions, report_runs

Row = sa.RowMapping
Position = tuple[datetime, UUID]

_FIND_DUE = sa.text("select company_id from reports_find_due(:at)")
# One at a time: twins of the worker share what waits.
_CLAIM = sa.text(
    """
    update report_runs set
        status = 'running', tries = report_runs.tries + 1, claimed_until = :until,
        started_at = coalesce(report_runs.started_at, :at)
    where company_id = :company_id and id = (
        select waiting.id from report_runs as waiting
        where waiting.company_id = :company_id
        and (waiting.status = 'queued' or (waiting.status = 'running' and waiting.claimed_until < :at))
        order by waiting.created_at, waiting.id
        limit 1 for update skip locked
    )
    returning *
    """
)
_EXPIRED = sa.text(
    """
    select id, storage_key from report_runs
    where company_id = :company_id and storage_key is not null and expires_at < :at
    order by expires_at limit :limit
    """
)


async def list_definitions(
    connection: AsyncConnection, company_id: UUID, *, user_id: UUID | None, after: Position | None, limit: int
) -> Sequence[Row]:
    """Return one's own and the shared definitions, the newest first, one more than ``limit``."""
    table = report_definitions
    statement = (
        sa.select(table)
        .where(table.c.company_id == company_id, table.c.archived_at.is_(None), _is_seen_by(user_id))
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(table.c.created_at, table.c.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def get_definition(
    connection: AsyncConnection,
    company_id: UUID,
    definition_id: UUID,
    *,
    user_id: UUID | None,
    for_update: bool = False,
) -> Row | None:
    """Return a definition that the person sees."""
    statement = sa.select(report_definitions).where(
        report_definitions.c.company_id == company_id,
        report_definitions.c.id == definition_id,
        report_definitions.c.archived_at.is_(None),
        _is_seen_by(user_id),
    )
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def count_definitions(connection: AsyncConnection, company_id: UUID, *, user_id: UUID | None) -> int:
    statement = sa.select(sa.func.count()).where(
        report_definitions.c.company_id == company_id,
        report_definitions.c.owner_user_id == user_id,
        report_definitions.c.archived_at.is_(None),
    )
    return int(await connection.scalar(statement) or 0)


async def insert_definition(connection: AsyncConnection, values: Mapping[str, Any]) -> Row:
    statement = sa.insert(report_definitions).values(**values).returning(*report_definitions.c)
    return (await connection.execute(statement)).mappings().one()


async def update_definition(
    connection: AsyncConnection, company_id: UUID, definition_id: UUID, values: Mapping[str, Any]
) -> Row:
    statement = (
        sa.update(report_definitions)
        .where(report_definitions.c.company_id == company_id, report_definitions.c.id == definition_id)
        .values(**values)
        .returning(*report_definitions.c)
    )
    return (await connection.execute(statement)).mappings().one()


async def list_runs(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    requested_by: UUID | None,
    definition_id: UUID | None,
    after: Position | None,
    limit: int,
) -> Sequence[Row]:
    """Return reports, the newest first, one more than ``limit``; ``requested_by=None``: everybody's."""
    table = report_runs
    statement = (
        sa.select(table)
        .where(table.c.company_id == company_id)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(limit + 1)
    )
    if requested_by is not None:
        statement = statement.where(table.c.requested_by == requested_by)
    if definition_id is not None:
        statement = statement.where(table.c.definition_id == definition_id)
    if after is not None:
        statement = statement.where(sa.tuple_(table.c.created_at, table.c.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def get_run(connection: AsyncConnection, company_id: UUID, report_id: UUID) -> Row | None:
    statement = sa.select(report_runs).where(
        report_runs.c.company_id == company_id, report_runs.c.id == report_id
    )
    return (await connection.execute(statement)).mappings().one_or_none()


async def count_open_runs(connection: AsyncConnection, company_id: UUID) -> int:
    statement = sa.select(sa.func.count()).where(
        report_runs.c.company_id == company_id, report_runs.c.status.in_(("queued", "running"))
    )
    return int(await connection.scalar(statement) or 0)


async def insert_run(connection: AsyncConnection, values: Mapping[str, Any]) -> Row:
    statement = sa.insert(report_runs).values(**values).returning(*report_runs.c)
    return (await connection.execute(statement)).mappings().one()


async def find_due(connection: AsyncConnection, *, at: datetime) -> list[UUID]:
    """Return the companies with reports to make or files to remove."""
    return list((await connection.execute(_FIND_DUE, {"at": at})).scalars())


async def claim_run(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, until: datetime
) -> Row | None:
    """Take the oldest report that nobody makes; what a dead worker held is taken again."""
    values = {"company_id": company_id, "at": at, "until": until}
    return (await connection.execute(_CLAIM, values)).mappings().one_or_none()


async def finish_run(connection: AsyncConnection, run: Row, values: Mapping[str, Any]) -> bool:
    """Write what became of a try; False if another one has the report meanwhile."""
    done = await connection.execute(
        sa.update(report_runs)
        .where(
            report_runs.c.company_id == run["company_id"],
            report_runs.c.id == run["id"],
            report_runs.c.tries == run["tries"],
            report_runs.c.status == "running",
        )
        .values(**values, claimed_until=None)
    )
    return bool(done.rowcount)


async def expired_files(
    connection: AsyncConnection, company_id: UUID, *, at: datetime, limit: int
) -> Sequence[Row]:
    """Return the files that were kept long enough."""
    values = {"company_id": company_id, "at": at, "limit": limit}
    return (await connection.execute(_EXPIRED, values)).mappings().all()


async def mark_expired(connection: AsyncConnection, company_id: UUID, report_id: UUID) -> None:
    await connection.execute(
        sa.update(report_runs)
        .where(report_runs.c.company_id == company_id, report_runs.c.id == report_id)
        .values(status="expired", storage_key=None, size_bytes=None)
    )


def _is_seen_by(user_id: UUID | None) -> sa.ColumnElement[bool]:
    return sa.or_(report_definitions.c.owner_user_id == user_id, report_definitions.c.is_shared)
