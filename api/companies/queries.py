"""SQL of companies; row-level security shows the bound one alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.companies.tables import companies

_HIDDEN = {"owner_user_id", "archived_at", "row_xid"}
_COLUMNS = [column for column in companies.c if column.name not in _HIDDEN]
_LIST_ALL = sa.text(
    "select company_id, company_slug, company_name from platform_list_companies(:after_slug, :limit)"
)


async def list_all(connection: AsyncConnection, *, after_slug: str, limit: int) -> list[sa.Row[Any]]:
    """List every company for the bound super admin, by slug; nothing for anyone else."""
    rows = await connection.execute(_LIST_ALL, {"after_slug": after_slug, "limit": limit})
    return list(rows.all())


async def read(connection: AsyncConnection, company_id: UUID) -> sa.Row[Any] | None:
    """Read a company."""
    query = sa.select(*_COLUMNS).where(companies.c.id == company_id, companies.c.archived_at.is_(None))
    return (await connection.execute(query)).one_or_none()


async def read_bound(connection: AsyncConnection) -> sa.Row[Any] | None:
    """Read the company that the transaction is bound to."""
    query = sa.select(companies.c.id, companies.c.slug, companies.c.name).where(
        companies.c.archived_at.is_(None), companies.c.is_active
    )
    return (await connection.execute(query)).one_or_none()


async def update(
    connection: AsyncConnection, company_id: UUID, values: Mapping[str, Any]
) -> sa.Row[Any] | None:
    """Change a company."""
    change = (
        companies.update()
        .where(companies.c.id == company_id, companies.c.archived_at.is_(None))
        .values(**values)
        .returning(*_COLUMNS)
    )
    return (await connection.execute(change)).one_or_none()
