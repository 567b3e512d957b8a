"""Use cases of tags: a product carries their names, and a name is known before a product carries it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import rules
from api.catalog.display_schemas import TagCreate, TagRead, TagUpdate
from api.catalog.records import Row, get_record, insert_record, list_records, tell, update_record
from api.catalog.tables import products, tags
from api.catalog.viewers import require_shop_right
from api.conditional import require_version
from api.errors import NotFound
from core.events.outbox import append_event

VOLATILE = {"product_count": True, "updated_at": True}
# One statement for all products of a tag: ``new`` is null where the tag goes away.
_REPLACE = sa.text(
    """
    update products set tags = (
        select coalesce(jsonb_agg(distinct case when tag = :old then cast(:new as text) else tag end), '[]')
        from jsonb_array_elements_text(products.tags) as tag
        where tag <> :old or cast(:new as text) is not null
    )
    where company_id = :company_id and tags @> jsonb_build_array(cast(:old as text))
    and (cast(:product_id as uuid) is null or id = :product_id)
    """
)
_ATTACH = sa.text(
    "update products set tags = tags || jsonb_build_array(cast(:name as text))"
    " where company_id = :company_id and id = :product_id"
    " and not tags @> jsonb_build_array(cast(:name as text))"
)
_COUNTS = sa.text(
    """
    select tags.id, count(products.id) as product_count
    from tags
    left join products on tags.company_id = products.company_id and products.archived_at is null
        and products.tags @> jsonb_build_array(tags.name)
    where tags.company_id = :company_id and tags.id = any(cast(:ids as uuid []))
    group by tags.id
    """
)


async def known_names(connection: AsyncConnection, company_id: UUID, names: Collection[str]) -> list[str]:
    """Return the names in the spelling in which they are known, and make known those that are not."""
    spelled = await spellings(connection, company_id, names)
    return list(dict.fromkeys(spelled[name.lower()] for name in names))


async def spellings(connection: AsyncConnection, company_id: UUID, names: Collection[str]) -> dict[str, str]:
    """Return the known spelling of each name, by its small letters; unknown names are made known."""
    if not names:
        return {}
    wanted = {name.lower(): name for name in reversed(list(names))}
    new = [{"company_id": company_id, "name": name, "slug": rules.tag_slug(name)} for name in wanted.values()]
    await connection.execute(
        pg.insert(tags).on_conflict_do_nothing(), sorted(new, key=lambda row: str(row["slug"]))
    )
    statement = sa.select(tags.c.name).where(
        tags.c.company_id == company_id, sa.func.lower(tags.c.name).in_(list(wanted))
    )
    known: list[str] = list((await connection.execute(statement)).scalars())
    return wanted | {name.lower(): name for name in known}


async def list_tags(
    connection: AsyncConnection, *, caller: Caller, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Row]:
    """List live tags by slug."""
    return await list_records(
        connection,
        tags,
        caller.require_company(),
        [tags.c.archived_at.is_(None)],
        order=("slug", "id"),
        after=after,
        limit=limit,
    )


async def describe(connection: AsyncConnection, company_id: UUID, rows: Sequence[Row]) -> list[TagRead]:
    """Add the number of products to each tag."""
    values = {"company_id": company_id, "ids": [row["id"] for row in rows]}
    counts: dict[UUID, int] = {}
    for counted in (await connection.execute(_COUNTS, values)).mappings():
        counts[counted["id"]] = counted["product_count"]
    return [TagRead.model_validate({**row, "product_count": counts[row["id"]]}) for row in rows]


async def read_tag(
    connection: AsyncConnection, tag_id: UUID, *, caller: Caller, for_update: bool = False
) -> TagRead:
    """Return a live tag."""
    company_id = caller.require_company()
    row = await get_record(
        connection, tags, company_id, tag_id, tags.c.archived_at.is_(None), for_update=for_update
    )
    if row is None:
        raise NotFound
    return (await describe(connection, company_id, [row]))[0]


async def create_tag(connection: AsyncConnection, tag: TagCreate, *, caller: Caller) -> TagRead:
    """Make a tag known."""
    company_id = caller.require_company()
    values = {"company_id": company_id, "name": tag.name, "slug": rules.tag_slug(tag.name)}
    row = await insert_record(connection, tags, values)
    await tell(connection, "tag.created", row, user_id=caller.user_id)
    return (await describe(connection, company_id, [row]))[0]


async def rename_tag(
    connection: AsyncConnection, tag_id: UUID, changes: TagUpdate, *, caller: Caller, if_match: str | None
) -> TagRead:
    """Give a tag another name, on all its products too."""
    company_id = caller.require_company()
    tag = await read_tag(connection, tag_id, caller=caller, for_update=True)
    require_version(if_match, tag, VOLATILE)
    values = {"name": changes.name, "slug": rules.tag_slug(changes.name)}
    row = await update_record(connection, tags, company_id, tag_id, values)
    renamed = {"company_id": company_id, "old": tag.name, "new": changes.name, "product_id": None}
    await connection.execute(_REPLACE, renamed)
    await tell(connection, "tag.renamed", row, user_id=caller.user_id, payload={"old_name": tag.name})
    return (await describe(connection, company_id, [row]))[0]


async def archive_tag(
    connection: AsyncConnection, tag_id: UUID, *, caller: Caller, if_match: str | None
) -> None:
    """Take a tag off all products. Its name is free again."""
    company_id = caller.require_company()
    tag = await read_tag(connection, tag_id, caller=caller, for_update=True)
    require_version(if_match, tag, VOLATILE)
    removed = {"company_id": company_id, "old": tag.name, "new": None, "product_id": None}
    await connection.execute(_REPLACE, removed)
    # Unique names stay unique: an archived one makes room for another of its name.
    freed = {"archived_at": sa.func.now(), "name": f"{tag.name} ({tag_id})", "slug": f"archived-{tag_id}"}
    row = await update_record(connection, tags, company_id, tag_id, freed)
    await tell(connection, "tag.archived", row, user_id=caller.user_id)


async def attach_tag(connection: AsyncConnection, tag_id: UUID, product_id: UUID, *, caller: Caller) -> None:
    """Put a tag on a product, once."""
    tag = await read_tag(connection, tag_id, caller=caller)
    company_id = await _lock_product(connection, product_id, caller=caller)
    values = {"name": tag.name, "company_id": company_id, "product_id": product_id}
    await connection.execute(_ATTACH, values)
    await _tell(connection, product_id, caller=caller)


async def detach_tag(connection: AsyncConnection, tag_id: UUID, product_id: UUID, *, caller: Caller) -> None:
    """Take a tag off a product."""
    tag = await read_tag(connection, tag_id, caller=caller)
    company_id = await _lock_product(connection, product_id, caller=caller)
    values = {"company_id": company_id, "old": tag.name, "new": None, "product_id": product_id}
    await connection.execute(_REPLACE, values)
    await _tell(connection, product_id, caller=caller)


async def _lock_product(connection: AsyncConnection, product_id: UUID, *, caller: Caller) -> UUID:
    company_id = caller.require_company()
    row = await get_record(connection, products, company_id, product_id, for_update=True)
    if row is None or not _is_reachable(row, caller):
        raise NotFound
    require_shop_right(caller, row["shop_id"])
    return company_id


def _is_reachable(row: Row, caller: Caller) -> bool:
    shops = caller.reachable_shop_ids
    return shops is None or row["shop_id"] is None or row["shop_id"] in shops


async def _tell(connection: AsyncConnection, product_id: UUID, *, caller: Caller) -> None:
    await append_event(
        connection,
        company_id=caller.require_company(),
        type="product.updated",
        aggregate_type="product",
        aggregate_id=product_id,
        payload={"product_id": str(product_id), "changed": ["tags"]},
        actor_user_id=caller.user_id,
    )
