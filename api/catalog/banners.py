"""Use cases of banners: what is shown where, and from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import queries
from api.catalog.display_schemas import BannerCreate, BannerRead, BannerUpdate
from api.catalog.records import Condition, Row, get_record, insert_record, list_records, tell, update_record
from api.catalog.tables import banners
from api.catalog.viewers import is_shopper, require_shop_right, shops_of
from api.conditional import require_version
from api.errors import InvalidContent, NotFound, UnknownReference
from api.media.service import require_urls

VOLATILE = {"updated_at": True}
_NEVER_NULL = ("title", "image_url", "position", "product_ids", "display_order", "is_active")


def visible(caller: Caller, *, now: datetime) -> list[Condition]:
    """Return what hides banners from the caller: shoppers see those that are on show now."""
    shown: list[Condition] = [banners.c.archived_at.is_(None)]
    shops = shops_of(caller)
    if shops is not None:
        shown.append(sa.or_(banners.c.shop_id.is_(None), banners.c.shop_id.in_(shops)))
    if is_shopper(caller):
        shown += [
            banners.c.is_active,
            sa.or_(banners.c.valid_from.is_(None), banners.c.valid_from <= now),
            sa.or_(banners.c.valid_until.is_(None), banners.c.valid_until > now),
        ]
    return shown


async def list_banners(
    connection: AsyncConnection,
    *,
    caller: Caller,
    position: str | None,
    category_id: UUID | None,
    now: datetime,
    after: tuple[str, int, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """List banners by position, each in its display order."""
    conditions = visible(caller, now=now)
    if position is not None:
        conditions.append(banners.c.position == position)
    if category_id is not None:
        conditions.append(banners.c.category_id == category_id)
    return await list_records(
        connection,
        banners,
        caller.require_company(),
        conditions,
        order=("position", "display_order", "id"),
        after=after,
        limit=limit,
    )


async def read_banner(
    connection: AsyncConnection, banner_id: UUID, *, caller: Caller, now: datetime, for_update: bool = False
) -> BannerRead:
    """Return a banner."""
    row = await get_record(
        connection,
        banners,
        caller.require_company(),
        banner_id,
        *visible(caller, now=now),
        for_update=for_update,
    )
    if row is None:
        raise NotFound
    return BannerRead.model_validate(row)


async def create_banner(connection: AsyncConnection, banner: BannerCreate, *, caller: Caller) -> BannerRead:
    """Create a banner."""
    company_id = caller.require_company()
    values = banner.model_dump()
    require_shop_right(caller, banner.shop_id)
    await _require_sound(connection, company_id, values)
    row = await insert_record(connection, banners, {**_stored(values), "company_id": company_id})
    await tell(connection, "banner.created", row, user_id=caller.user_id)
    return BannerRead.model_validate(row)


async def update_banner(
    connection: AsyncConnection,
    banner_id: UUID,
    changes: BannerUpdate,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> BannerRead:
    """Change a banner; what is left out stays."""
    company_id = caller.require_company()
    current = await read_banner(connection, banner_id, caller=caller, now=now, for_update=True)
    require_shop_right(caller, current.shop_id)
    require_version(if_match, current, VOLATILE)
    values = changes.model_dump(exclude_unset=True)
    for name in _NEVER_NULL:
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    if "shop_id" in values:
        require_shop_right(caller, values["shop_id"])
    window = {"valid_from": current.valid_from, "valid_until": current.valid_until}
    await _require_sound(connection, company_id, window | values)
    row = await update_record(connection, banners, company_id, banner_id, _stored(values))
    await tell(connection, "banner.updated", row, user_id=caller.user_id)
    return BannerRead.model_validate(row)


async def archive_banner(
    connection: AsyncConnection, banner_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Archive a banner."""
    company_id = caller.require_company()
    current = await read_banner(connection, banner_id, caller=caller, now=now, for_update=True)
    require_shop_right(caller, current.shop_id)
    require_version(if_match, current, VOLATILE)
    row = await update_record(connection, banners, company_id, banner_id, {"archived_at": now})
    await tell(connection, "banner.archived", row, user_id=caller.user_id)


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    if "product_ids" not in values:
        return values
    return {**values, "product_ids": [str(product_id) for product_id in values["product_ids"]]}


async def _require_sound(connection: AsyncConnection, company_id: UUID, values: dict[str, Any]) -> None:
    valid_from, valid_until = values.get("valid_from"), values.get("valid_until")
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise InvalidContent("It ends before it begins.", pointer="/valid_until")
    category_id, shop_id = values.get("category_id"), values.get("shop_id")
    if category_id is not None and not await queries.exists_category(connection, company_id, category_id):
        raise UnknownReference("There is no such category.", pointer="/category_id")
    if shop_id is not None and not await queries.exists_shop(connection, company_id, shop_id):
        raise UnknownReference("There is no such shop.", pointer="/shop_id")
    product_ids = set(values.get("product_ids") or ())
    if product_ids and await queries.count_products(connection, company_id, product_ids) < len(product_ids):
        raise UnknownReference("There is no such product.", pointer="/product_ids")
    urls = {f"/{name}": values.get(name) for name in ("image_url", "link_url")}
    await require_urls(connection, company_id, urls)
