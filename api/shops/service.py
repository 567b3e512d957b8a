"""Use cases of shops and their storefront keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from api.access import Caller
from api.errors import NotFound
from api.identity.tokens import STOREFRONT_PREFIX, new_token, token_sha256
from api.shops import queries
from api.shops.errors import TooManyKeys
from core.events.outbox import append_event
from core.postgres.pools import Database
from core.postgres.transaction import transaction

MOST_LIVE_KEYS = 20
_SHOWN_CHARACTERS = 10


@dataclass(frozen=True)
class NewKey:
    """A key's row, and the key itself, which is kept nowhere."""

    row: sa.Row[Any]
    key: str


async def list_shops(
    database: Database, caller: Caller, *, after: tuple[str, UUID] | None, limit: int
) -> list[sa.Row[Any]]:
    """List the shops within the caller's reach, by name."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return await queries.list_shops(
            connection, company_id, shop_ids=caller.reachable_shop_ids, after=after, limit=limit
        )


async def read_shop(database: Database, caller: Caller, shop_id: UUID) -> sa.Row[Any]:
    """Read a shop within the caller's reach."""
    company_id = caller.require_company()
    if not caller.may_use_shop(shop_id):
        raise NotFound
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        shop = await queries.read_shop(connection, company_id, shop_id)
    if shop is None:
        raise NotFound
    return shop


async def list_keys(database: Database, caller: Caller, shop_id: UUID) -> list[sa.Row[Any]]:
    """List a shop's keys, revoked ones too."""
    await read_shop(database, caller, shop_id)
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return await queries.list_keys(connection, company_id, shop_id)


async def create_key(
    database: Database, caller: Caller, shop_id: UUID, *, name: str, request_id: str
) -> NewKey:
    """Make a publishable key that binds a storefront to the shop."""
    company_id = caller.require_company()
    key = new_token(STOREFRONT_PREFIX)
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        if not await queries.lock_shop(connection, company_id, shop_id):
            raise NotFound
        if await queries.count_live_keys(connection, company_id, shop_id) >= MOST_LIVE_KEYS:
            raise TooManyKeys
        row = await queries.add_key(
            connection,
            company_id,
            shop_id,
            name=name,
            prefix=key[:_SHOWN_CHARACTERS],
            sha256=token_sha256(key),
        )
        await append_event(
            connection,
            company_id=company_id,
            type="shop.key_created",
            aggregate_type="shop",
            aggregate_id=shop_id,
            payload={"storefront_key_id": str(row.id), "name": name},
            actor_user_id=caller.user_id,
            request_id=request_id,
        )
    return NewKey(row, key)


async def revoke_key(
    database: Database, caller: Caller, shop_id: UUID, key_id: UUID, *, now: datetime, request_id: str
) -> None:
    """Revoke a key; processes that remember it still take it for `api.access.STOREFRONT_MEMORY_SECONDS`."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        if not await queries.revoke_key(connection, company_id, shop_id, key_id, at=now):
            raise NotFound
        await append_event(
            connection,
            company_id=company_id,
            type="shop.key_revoked",
            aggregate_type="shop",
            aggregate_id=shop_id,
            payload={"storefront_key_id": str(key_id)},
            actor_user_id=caller.user_id,
            request_id=request_id,
        )
