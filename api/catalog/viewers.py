"""Who looks: shoppers see what is published, staff of shops change what only their shops sell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from api.access import Caller
from api.errors import Forbidden
from api.permissions import STOREFRONT, Scope

_SHOPPERS = frozenset({"customer", STOREFRONT})


def is_shopper(caller: Caller) -> bool:
    """Whether the caller only buys."""
    return caller.roles <= _SHOPPERS


def shops_of(caller: Caller) -> Collection[UUID] | None:
    """Return the shops whose stock counts for the caller: the storefront's, or the staff's; None: all."""
    return {caller.shop_id} if caller.shop_id is not None else caller.reachable_shop_ids


@dataclass(frozen=True, slots=True)
class Viewer:
    """All of a caller that a product's page depends on: two callers with equal viewers see equal pages."""

    company_id: UUID
    is_shopper: bool
    # Whose products are seen besides those that all shops sell, and whose stock counts; None: all shops'.
    seen_shop_ids: frozenset[UUID] | None
    stock_shop_ids: frozenset[UUID] | None


def viewer_of(caller: Caller) -> Viewer:
    """Return what a page for the caller depends on."""
    shops = shops_of(caller)
    stock_shop_ids = None if shops is None else frozenset(shops)
    buys = is_shopper(caller)
    return Viewer(
        company_id=caller.require_company(),
        is_shopper=buys,
        seen_shop_ids=stock_shop_ids if buys else caller.reachable_shop_ids,
        stock_shop_ids=stock_shop_ids,
    )


def require_shop_right(caller: Caller, shop_id: UUID | None) -> None:
    """Staff of shops change what only their shops sell; what all shops sell is the company's."""
    if caller.scope is Scope.SHOP and (shop_id is None or not caller.may_use_shop(shop_id)):
        raise Forbidden("Your role changes products of your own shops only; name one as shop_id.")
