"""What carriers, methods and zones share: who may change them, how they are found, and that it is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import Forbidden, InvalidContent, NotFound, UnknownReference
from api.permissions import STOREFRONT, Scope
from api.shipping import queries
from core.events.outbox import append_event

_SHOPPERS = frozenset({"customer", STOREFRONT})
_MAY_BE_EMPTY = {"carrier_id", "description", "free_from_amount", "tracking_url_template"}


def is_shopper(caller: Caller) -> bool:
    """Whether the caller buys here, and so sees what is in use only."""
    return caller.roles <= _SHOPPERS


def shops_of(caller: Caller) -> frozenset[UUID] | None:
    """Return the shops whose own methods and zones the caller sees; None: every shop's."""
    return frozenset({caller.shop_id}) if caller.shop_id is not None else caller.reachable_shop_ids


def require_right(caller: Caller, shop_id: UUID | None) -> None:
    """Managers of shops keep what is their shops' own; what every shop uses is the company's."""
    if caller.scope is Scope.SHOP and (shop_id is None or not caller.may_use_shop(shop_id)):
        raise Forbidden("Your role changes what is your own shops' only; name one as shop_id.")


async def require_shop(connection: AsyncConnection, caller: Caller, shop_id: UUID | None) -> None:
    require_right(caller, shop_id)
    if shop_id is not None and not await queries.exists_shop(connection, caller.require_company(), shop_id):
        raise UnknownReference("There is no such shop.", pointer="/shop_id")


async def found(
    connection: AsyncConnection, table: sa.Table, company_id: UUID, row_id: UUID, *, for_update: bool = False
) -> queries.Row:
    row = await queries.find(connection, table, company_id, row_id, for_update=for_update)
    if row is None:
        raise NotFound
    return row


def row_key(company_id: UUID, row_id: UUID) -> dict[str, UUID]:
    return {"company_id": company_id, "id": row_id}


def given(values: dict[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        if value is None and name not in _MAY_BE_EMPTY:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    return values


async def tell(connection: AsyncConnection, kind: str, aggregate_id: UUID, *, caller: Caller) -> None:
    aggregate_type = kind.partition(".")[0]
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=kind,
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        payload={f"{aggregate_type}_id": str(aggregate_id)},
        actor_user_id=caller.user_id,
    )
