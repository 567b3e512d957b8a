"""Routes of shops and their storefront keys."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import NotFound, responses_for
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.problems import request_id_of
from api.shops import service
from api.shops.errors import TooManyKeys
from api.shops.schemas import (
    ShopPage,
    ShopRead,
    StorefrontKeyCreate,
    StorefrontKeyCreated,
    StorefrontKeyList,
    StorefrontKeyRead,
)

router = APIRouter(prefix="/shops", tags=["shops"])


@router.get("", responses=responses_for(InvalidCursor))
async def list_shops(
    caller: CurrentCaller, database: AppDatabase, limit: PageLimit = 50, cursor: PageCursor = None
) -> ShopPage:
    """List the company's shops, or those I am bound to, by name."""
    binding = binding_of("name,id", scope=caller.scope)
    after = decode_cursor(cursor, binding=binding, types=[str, UUID])
    rows = await service.list_shops(database, caller, after=after and (after[0], after[1]), limit=limit)
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: [row.name, row.id]
    )
    return ShopPage(items=[ShopRead.model_validate(row) for row in page], next_cursor=next_cursor)


@router.get("/{shop_id}", responses=responses_for(NotFound))
async def read_shop(shop_id: UUID, caller: CurrentCaller, database: AppDatabase) -> ShopRead:
    """Read a shop."""
    return ShopRead.model_validate(await service.read_shop(database, caller, shop_id))


@router.get("/{shop_id}/storefront-keys", responses=responses_for(NotFound))
async def list_keys(shop_id: UUID, caller: CurrentCaller, database: AppDatabase) -> StorefrontKeyList:
    """List the shop's keys; the keys themselves can't be shown again."""
    rows = await service.list_keys(database, caller, shop_id)
    return StorefrontKeyList(items=[StorefrontKeyRead.model_validate(row) for row in rows])


@router.post("/{shop_id}/storefront-keys", status_code=201, responses=responses_for(NotFound, TooManyKeys))
async def create_key(
    shop_id: UUID, wanted: StorefrontKeyCreate, caller: CurrentCaller, database: AppDatabase, request: Request
) -> StorefrontKeyCreated:
    """Make a publishable key for a storefront of this shop. It is shown this once."""
    new = await service.create_key(
        database, caller, shop_id, name=wanted.name, request_id=request_id_of(request)
    )
    return StorefrontKeyCreated(**StorefrontKeyRead.model_validate(new.row).model_dump(), key=new.key)


@router.delete("/{shop_id}/storefront-keys/{key_id}", status_code=204, responses=responses_for(NotFound))
async def revoke_key(
    shop_id: UUID, key_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, request: Request
) -> None:
    """Revoke a key for good; every process has noticed within seconds."""
    await service.revoke_key(database, caller, shop_id, key_id, now=now, request_id=request_id_of(request))
