"""SQL of shops and storefront keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.shops.tables import shops, storefront_keys

_KEY_COLUMNS = [
    storefront_keys.c[name] for name in ("id", "shop_id", "name", "key_prefix", "created_at", "revoked_at")
]


async def list_shops(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[sa.Row[Any]]:
    """List shops by name; one more than ``limit`` tells that there is a next page."""
    query = sa.select(shops).where(shops.c.company_id == company_id, shops.c.archived_at.is_(None))
    if shop_ids is not None:
        query = query.where(shops.c.id.in_(shop_ids))
    if after is not None:
        query = query.where(sa.tuple_(shops.c.name, shops.c.id) > sa.tuple_(*map(sa.literal, after)))
    rows = await connection.execute(query.order_by(shops.c.name, shops.c.id).limit(limit + 1))
    return list(rows.all())


async def read_shop(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> sa.Row[Any] | None:
    """Read a shop."""
    query = sa.select(shops).where(
        shops.c.company_id == company_id, shops.c.id == shop_id, shops.c.archived_at.is_(None)
    )
    return (await connection.execute(query)).one_or_none()


async def lock_shop(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> bool:
    """Lock a shop's row while its keys are counted; False: there is no such shop."""
    query = (
        sa.select(shops.c.id)
        .where(shops.c.company_id == company_id, shops.c.id == shop_id, shops.c.archived_at.is_(None))
        .with_for_update()
    )
    return (await connection.execute(query)).one_or_none() is not None


async def list_keys(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> list[sa.Row[Any]]:
    """List a shop's keys, newest first."""
    query = (
        sa.select(*_KEY_COLUMNS)
        .where(storefront_keys.c.company_id == company_id, storefront_keys.c.shop_id == shop_id)
        .order_by(storefront_keys.c.created_at.desc(), storefront_keys.c.id.desc())
    )
    return list((await connection.execute(query)).all())


async def count_live_keys(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> int:
    """Count the keys that are not revoked."""
    query = sa.select(sa.func.count()).where(
        storefront_keys.c.company_id == company_id,
        storefront_keys.c.shop_id == shop_id,
        storefront_keys.c.revoked_at.is_(None),
    )
    return await connection.scalar(query) or 0


async def add_key(
    connection: AsyncConnection, company_id: UUID, shop_id: UUID, *, name: str, prefix: str, sha256: bytes
) -> sa.Row[Any]:
    """Write a key; only its hash is kept."""
    added = storefront_keys.insert().values(
        company_id=company_id, shop_id=shop_id, name=name, key_prefix=prefix, key_sha256=sha256
    )
    return (await connection.execute(added.returning(*_KEY_COLUMNS))).one()


async def revoke_key(
    connection: AsyncConnection, company_id: UUID, shop_id: UUID, key_id: UUID, *, at: datetime
) -> bool:
    """Revoke a key, once; False: there is no such key."""
    change = (
        storefront_keys.update()
        .where(
            storefront_keys.c.company_id == company_id,
            storefront_keys.c.shop_id == shop_id,
            storefront_keys.c.id == key_id,
        )
        .values(revoked_at=sa.func.coalesce(storefront_keys.c.revoked_at, at))
    )
    return (await connection.execute(change)).rowcount == 1
