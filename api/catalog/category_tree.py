"""The category tree as a reader gets it, kept like product pages: made once, looked at on each request."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import category_service as service
from api.catalog.category_schemas import CategoryTree
from api.catalog.tables import categories
from api.catalog.viewers import is_shopper
from api.conditional import Representation, represent
from api.kept import KeptBodies
from core.postgres.pools import Database
from core.postgres.transaction import transaction

TREE_SECONDS = 24 * 3600


async def read_kept_tree(database: Database, kept: KeptBodies, caller: Caller) -> Representation:
    """Return the tree as it holds for the caller after this call."""
    company_id = caller.require_company()
    name = f"category tree {company_id} {'shopper' if is_shopper(caller) else 'staff'}"
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        stamp = await _read_stamp(connection, caller)
    if (tree := await kept.get(name, stamp=stamp)) is not None:
        return tree
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        # The stamp first: a change in between makes the tree newer than its stamp, never older.
        stamp = await _read_stamp(connection, caller)
        tree = represent(CategoryTree(categories=await service.read_tree(connection, caller=caller)))
    await kept.keep(name, tree, stamp=stamp, seconds=TREE_SECONDS)
    return tree


async def _read_stamp(connection: AsyncConnection, caller: Caller) -> str:
    """Hash the versions of all categories that the caller sees; the triggers' counts are in their rows."""
    version = sa.func.concat(categories.c.id, sa.literal(" "), sa.literal_column("categories.xmin"))
    statement = sa.select(
        sa.func.md5(
            sa.func.concat(
                sa.func.pg_postmaster_start_time(),
                sa.literal(";"),
                sa.func.string_agg(version, aggregate_order_by(sa.literal(","), categories.c.id)),
            )
        )
    ).where(categories.c.company_id == caller.require_company(), *service.visible(caller))
    return cast(str, await connection.scalar(statement))
