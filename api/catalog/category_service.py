"""Use cases of the category tree. Paths, levels and counts are kept by triggers (migration 0003)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import rules
from api.catalog.category_schemas import CategoryCreate, CategoryNode, CategoryRead, CategoryUpdate
from api.catalog.errors import CategoryCircle, CategoryInUse
from api.catalog.records import Condition, Row, get_record, insert_record, list_records, tell, update_record
from api.catalog.tables import DEEPEST_LEVEL, categories, products
from api.catalog.viewers import is_shopper
from api.conditional import require_version
from api.errors import Conflict, InvalidContent, NotFound, UnknownReference
from api.media.service import require_urls

VOLATILE = {"product_count": True, "updated_at": True}
MOST_CATEGORIES = 5_000
MOST_FACETS = 100
_NEVER_NULL = ("name", "slug", "display_order", "is_active", "seo_keywords")
# Before any row is locked: two moves take it in this order and never wait for each other's rows.
_LOCK_TREE = sa.text(
    "select pg_advisory_xact_lock(hashtextextended('category tree ' || cast(:company_id as text), 0))"
)
_FACETS = sa.text(
    """
    select specification.name, specification.value, count(*) as product_count
    from products
    inner join categories
        on products.company_id = categories.company_id and products.category_id = categories.id
    cross join lateral jsonb_each_text(products.specifications) as specification (name, value)
    where products.company_id = :company_id and categories.path like :path || '%'
    and products.status = 'published' and products.is_active and products.archived_at is null
    group by specification.name, specification.value
    order by count(*) desc, specification.name, specification.value
    limit :limit
    """
)


def visible(caller: Caller, *, is_archived: bool = False) -> list[Condition]:
    """Return what hides categories from the caller: shoppers see the active ones."""
    if is_shopper(caller):
        return [categories.c.is_active, categories.c.archived_at.is_(None)]
    return [categories.c.archived_at.is_not(None) if is_archived else categories.c.archived_at.is_(None)]


async def list_categories(
    connection: AsyncConnection,
    *,
    caller: Caller,
    filters: Mapping[str, Any],
    is_archived: bool,
    after: tuple[int, int, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """List categories, the upper ones first, each level in its display order."""
    conditions = visible(caller, is_archived=is_archived)
    conditions += [categories.c[name] == value for name, value in filters.items() if value is not None]
    return await list_records(
        connection,
        categories,
        caller.require_company(),
        conditions,
        order=("level", "display_order", "id"),
        after=after,
        limit=limit,
    )


async def read_tree(connection: AsyncConnection, *, caller: Caller) -> list[CategoryNode]:
    """Return the whole tree; a hidden category hides what lies inside it."""
    rows = await list_records(
        connection,
        categories,
        caller.require_company(),
        visible(caller),
        order=("level", "display_order", "id"),
        after=None,
        limit=MOST_CATEGORIES,
    )
    children: dict[UUID | None, list[Row]] = defaultdict(list)
    for row in rows:
        children[row["parent_id"]].append(row)
    return _nodes(children, None)


async def read_category(
    connection: AsyncConnection, *conditions: Condition, caller: Caller, for_update: bool = False
) -> Row:
    """Return the category that the conditions name, if the caller may see it."""
    shown = visible(caller) if is_shopper(caller) else []
    statement = sa.select(categories).where(
        categories.c.company_id == caller.require_company(), *conditions, *shown
    )
    if for_update:
        statement = statement.with_for_update()
    row = (await connection.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return row


async def list_specifications(
    connection: AsyncConnection, category_id: UUID, *, caller: Caller
) -> dict[str, list[tuple[str, int]]]:
    """Return the commonest specifications of the published products in a category and inside it."""
    category = await read_category(connection, categories.c.id == category_id, caller=caller)
    values = {"company_id": category["company_id"], "path": category["path"], "limit": MOST_FACETS}
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in (await connection.execute(_FACETS, values)).mappings():
        found[row["name"]].append((row["value"], row["product_count"]))
    return found


async def create_category(
    connection: AsyncConnection, category: CategoryCreate, *, caller: Caller
) -> CategoryRead:
    """Create a category at its place in the tree."""
    company_id = caller.require_company()
    await connection.execute(_LOCK_TREE, {"company_id": company_id})
    count = await connection.scalar(
        sa.select(sa.func.count()).select_from(categories).where(categories.c.company_id == company_id)
    )
    if (count or 0) >= MOST_CATEGORIES:
        raise Conflict(f"A company has at most {MOST_CATEGORIES:,} categories.")
    await _require_parent(connection, company_id, category.parent_id, moved=None)
    await require_urls(connection, company_id, {"/image_url": category.image_url})
    values = category.model_dump() | {
        "company_id": company_id,
        "slug": category.slug or rules.slug_of(category.name),
    }
    row = await insert_record(connection, categories, values)
    await tell(connection, "category.created", row, user_id=caller.user_id)
    return read_of(row)


async def update_category(
    connection: AsyncConnection,
    category_id: UUID,
    changes: CategoryUpdate,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> CategoryRead:
    """Change, move, archive or bring back a category."""
    company_id = caller.require_company()
    await connection.execute(_LOCK_TREE, {"company_id": company_id})
    row = await read_category(connection, categories.c.id == category_id, caller=caller, for_update=True)
    require_version(if_match, read_of(row), VOLATILE)
    values = changes.model_dump(exclude_unset=True, exclude={"is_archived"})
    for name in _NEVER_NULL:
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    await require_urls(connection, company_id, {"/image_url": values.get("image_url")})
    if changes.is_archived is not None:
        if changes.is_archived:
            await _require_empty(connection, row)
        values["archived_at"] = (row["archived_at"] or now) if changes.is_archived else None
    is_back = changes.is_archived is False and row["archived_at"] is not None
    if "parent_id" in values or is_back:
        parent_id = values.get("parent_id", row["parent_id"])
        await _require_parent(connection, company_id, parent_id, moved=row)
    if not values:
        return read_of(row)
    changed = await update_record(connection, categories, company_id, category_id, values)
    await tell(
        connection,
        "category.archived" if changes.is_archived else "category.updated",
        row,
        user_id=caller.user_id,
        payload={"changed": sorted(changes.model_fields_set)},
    )
    return read_of(changed)


def read_of(row: Row) -> CategoryRead:
    """Describe a row."""
    return CategoryRead.model_validate({**row, "path": row["path"].strip("/").split("/")})


def _nodes(children: Mapping[UUID | None, list[Row]], parent_id: UUID | None) -> list[CategoryNode]:
    nodes = []
    for row in children.get(parent_id, []):
        inside = _nodes(children, row["id"])
        total = row["product_count"] + sum(node.total_product_count for node in inside)
        nodes.append(CategoryNode.model_validate({**row, "children": inside, "total_product_count": total}))
    return nodes


async def _require_parent(
    connection: AsyncConnection, company_id: UUID, parent_id: UUID | None, *, moved: Row | None
) -> None:
    """Refuse a parent that is not there, lies inside what is moved, or would make the tree too deep."""
    if parent_id is None:
        return
    parent = await get_record(
        connection, categories, company_id, parent_id, categories.c.archived_at.is_(None)
    )
    if parent is None:
        raise UnknownReference("There is no such category.", pointer="/parent_id")
    height = 0
    if moved is not None:
        if str(moved["id"]) in parent["path"].split("/"):
            raise CategoryCircle(pointer="/parent_id")
        deepest = sa.select(sa.func.max(categories.c.level)).where(
            categories.c.company_id == company_id, categories.c.path.startswith(moved["path"])
        )
        height = (await connection.scalar(deepest) or 0) - moved["level"]
    if parent["level"] + 1 + height > DEEPEST_LEVEL:
        raise InvalidContent(f"Categories lie {DEEPEST_LEVEL + 1} deep at most.", pointer="/parent_id")


async def _require_empty(connection: AsyncConnection, row: Row) -> None:
    child = sa.exists().where(
        categories.c.company_id == row["company_id"],
        categories.c.parent_id == row["id"],
        categories.c.archived_at.is_(None),
    )
    product = sa.exists().where(
        products.c.company_id == row["company_id"],
        products.c.category_id == row["id"],
        products.c.archived_at.is_(None),
    )
    if await connection.scalar(sa.select(sa.or_(child, product))):
        raise CategoryInUse
