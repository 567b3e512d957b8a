"""SQL of uploaded files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.media.tables import media

Row = sa.RowMapping
_FIND_FILE = sa.text("select storage_key, content_type from media_find_file(:media_id, :sha256)")


async def find_file(connection: AsyncConnection, media_id: UUID, sha256: str) -> Row | None:
    """Find a public file by id and hash, whatever its company."""
    values = {"media_id": media_id, "sha256": sha256}
    return (await connection.execute(_FIND_FILE, values)).mappings().one_or_none()


async def get_media(
    connection: AsyncConnection,
    company_id: UUID,
    media_id: UUID,
    *,
    customer_id: UUID | None,
    for_update: bool = False,
) -> Row | None:
    """Return a file's row; with ``customer_id`` only if it is theirs."""
    statement = sa.select(media).where(media.c.company_id == company_id, media.c.id == media_id)
    if customer_id is not None:
        statement = statement.where(media.c.customer_id == customer_id)
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def list_media(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    kind: str | None,
    customer_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Row]:
    """Return live files, newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(media)
        .where(media.c.company_id == company_id, media.c.archived_at.is_(None))
        .order_by(media.c.id.desc())
        .limit(limit + 1)
    )
    if kind is not None:
        statement = statement.where(media.c.kind == kind)
    if customer_id is not None:
        statement = statement.where(media.c.customer_id == customer_id)
    if after is not None:
        statement = statement.where(media.c.id < after)
    return (await connection.execute(statement)).mappings().all()


async def find_twin(connection: AsyncConnection, values: Mapping[str, Any]) -> Row | None:
    """Return the live row of the same bytes, kind and uploader."""
    statement = sa.select(media).where(
        media.c.archived_at.is_(None),
        *(
            media.c[name].is_not_distinct_from(values[name])
            for name in ("company_id", "kind", "sha256", "uploaded_by", "customer_id")
        ),
    )
    return (await connection.execute(statement.limit(1))).mappings().one_or_none()


async def insert_media(connection: AsyncConnection, values: Mapping[str, Any]) -> Row:
    statement = sa.insert(media).values(**values).returning(media)
    row: Row = (await connection.execute(statement)).mappings().one()
    return row


async def update_media(
    connection: AsyncConnection, company_id: UUID, media_id: UUID, values: Mapping[str, Any]
) -> Row:
    """Change a file's row and return it."""
    statement = (
        sa.update(media)
        .where(media.c.company_id == company_id, media.c.id == media_id)
        .values(updated_at=sa.func.now(), **values)
        .returning(media)
    )
    row: Row = (await connection.execute(statement)).mappings().one()
    return row


async def find_live(
    connection: AsyncConnection,
    company_id: UUID,
    media_ids: Collection[UUID],
    *,
    kinds: Collection[str] | None,
    customer_id: UUID | None,
) -> Sequence[Row]:
    """Return those of the files that are there, of these kinds, and the customer's if one is named."""
    statement = sa.select(media).where(
        media.c.company_id == company_id, media.c.id.in_(media_ids), media.c.archived_at.is_(None)
    )
    if kinds is not None:
        statement = statement.where(media.c.kind.in_(kinds))
    if customer_id is not None:
        statement = statement.where(media.c.customer_id == customer_id)
    return (await connection.execute(statement)).mappings().all()
