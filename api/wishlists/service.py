"""Use cases of wishlists: several named ones per customer, one of them the default."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.carts.editing import Edit
from api.carts.errors import NotSoldHere
from api.carts.owners import CartOwner
from api.carts.schemas import CartItemCreate
from api.carts.service import add_items
from api.errors import NotFound, UnknownReference
from api.inventory.buyable import buyable_products
from api.wishlists import queries
from api.wishlists.errors import (
    DefaultWishlist,
    VariantRequired,
    WishlistExists,
    WishlistLimitExceeded,
)
from api.wishlists.schemas import (
    WishlistCreate,
    WishlistItemCreate,
    WishlistItemMove,
    WishlistItemUpdate,
    WishlistUpdate,
)
from core.events.outbox import append_event
from core.ids import new_id
from core.postgres.transaction import constraint_name

DEFAULT_NAME = "Wishlist"
MOST_WISHLISTS = 50
MOST_ITEMS = 500
_SHARE_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wisher:
    """A customer who keeps lists."""

    company_id: UUID
    customer_id: UUID
    user_id: UUID | None
    now: datetime


def wisher_of(caller: Caller, now: datetime) -> Wisher:
    """Return the customer who calls.

    Raises
    ------
    NotFound
        For a person who is no customer of the company.
    """
    if caller.customer_id is None:
        raise NotFound("You are not a customer of this company.")
    return Wisher(caller.require_company(), caller.customer_id, caller.user_id, now)


async def read_wishlist(
    connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID | None
) -> dict[str, Any]:
    """Return a list with what is on it; without an id the default one, which may be empty and unmade yet."""
    found = await queries.find_wishlist(connection, wisher.company_id, wisher.customer_id, wishlist_id)
    if found is not None:
        return {**found, "items": await _items(connection, wisher.company_id, found["id"])}
    if wishlist_id is not None:
        raise NotFound
    nothing = dict.fromkeys(("id", "share_token", "created_at", "updated_at"))
    default = {"name": DEFAULT_NAME, "is_default": True, "is_public": False, "item_count": 0}
    return {**nothing, **default, "items": []}


async def read_shared(connection: AsyncConnection, company_id: UUID, share_token: str) -> dict[str, Any]:
    """Return a public list by its token."""
    found = await queries.find_shared(connection, company_id, share_token)
    if found is None:
        raise NotFound
    return {"name": found["name"], "items": await _items(connection, company_id, found["id"])}


async def create_wishlist(
    connection: AsyncConnection, wisher: Wisher, wanted: WishlistCreate
) -> dict[str, Any]:
    """Make a list; a customer's first one is the default."""
    company_id, customer_id = wisher.company_id, wisher.customer_id
    await queries.lock_customer(connection, company_id, customer_id)
    count = await queries.count_wishlists(connection, company_id, customer_id)
    if count >= MOST_WISHLISTS:
        raise WishlistLimitExceeded(extensions={"most_wishlists": MOST_WISHLISTS})
    is_default = wanted.is_default or count == 0
    if is_default:
        await queries.clear_default(connection, company_id, customer_id)
    wishlist_id = new_id()
    values = {"id": wishlist_id, "name": wanted.name, "is_default": is_default}
    try:
        await queries.add_wishlist(
            connection, {"company_id": company_id, "customer_id": customer_id, **values}
        )
    except sa.exc.IntegrityError as error:
        raise _named(error) from None
    await _tell(connection, wisher, wishlist_id, "wishlist.created", {})
    return await read_wishlist(connection, wisher, wishlist_id)


async def update_wishlist(
    connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID, wanted: WishlistUpdate
) -> dict[str, Any]:
    """Rename a list, or make it the default."""
    if wanted.is_default:
        await queries.lock_customer(connection, wisher.company_id, wisher.customer_id)
    await _lock(connection, wisher, wishlist_id)
    values = wanted.model_dump(exclude_none=True)
    if wanted.is_default:
        await queries.clear_default(connection, wisher.company_id, wisher.customer_id)
    if values:
        try:
            await queries.update_wishlist(connection, wisher.company_id, wishlist_id, values)
        except sa.exc.IntegrityError as error:
            raise _named(error) from None
        await _tell(connection, wisher, wishlist_id, "wishlist.updated", {"fields": sorted(values)})
    return await read_wishlist(connection, wisher, wishlist_id)


async def delete_wishlist(connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID) -> None:
    """Delete a list, but not the default one."""
    found = await _lock(connection, wisher, wishlist_id)
    if found["is_default"]:
        raise DefaultWishlist
    await queries.delete_wishlist(connection, wisher.company_id, wishlist_id)
    await _tell(connection, wisher, wishlist_id, "wishlist.deleted", {})


async def share(connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID) -> dict[str, Any]:
    """Make a list public: whoever has its token may read it. A list that is public keeps its token."""
    found = await _lock(connection, wisher, wishlist_id)
    if not found["is_public"]:
        values = {"is_public": True, "share_token": secrets.token_urlsafe(_SHARE_TOKEN_BYTES)}
        await queries.update_wishlist(connection, wisher.company_id, wishlist_id, values)
        await _tell(connection, wisher, wishlist_id, "wishlist.shared", {})
    return await read_wishlist(connection, wisher, wishlist_id)


async def unshare(connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID) -> dict[str, Any]:
    """Make a list private again; its token is worth nothing any more, for good."""
    found = await _lock(connection, wisher, wishlist_id)
    if found["is_public"]:
        values = {"is_public": False, "share_token": None}
        await queries.update_wishlist(connection, wisher.company_id, wishlist_id, values)
        await _tell(connection, wisher, wishlist_id, "wishlist.unshared", {})
    return await read_wishlist(connection, wisher, wishlist_id)


async def add_item(
    connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID | None, wanted: WishlistItemCreate
) -> dict[str, Any]:
    """Put a product or variant on a list (without an id, the default one); once is enough."""
    if wishlist_id is None:
        await queries.lock_customer(connection, wisher.company_id, wisher.customer_id)
        await queries.add_default(connection, wisher.company_id, wisher.customer_id, DEFAULT_NAME)
    found = await _lock(connection, wisher, wishlist_id)
    product_id = await _product_of(connection, wisher.company_id, wanted)
    if not await queries.has_item(connection, wisher.company_id, found["id"], product_id, wanted.variant_id):
        if found["item_count"] >= MOST_ITEMS:
            raise WishlistLimitExceeded(extensions={"most_items": MOST_ITEMS})
        values = {"product_id": product_id, **wanted.model_dump(exclude={"product_id"})}
        await queries.add_item(
            connection,
            {"company_id": wisher.company_id, "wishlist_id": found["id"], "added_at": wisher.now, **values},
        )
        await queries.note_change(connection, wisher.company_id, found["id"], now=wisher.now)
        payload = {"product_id": str(product_id), "variant_id": _text(wanted.variant_id)}
        await _tell(connection, wisher, found["id"], "wishlist.item_added", payload)
    return await read_wishlist(connection, wisher, found["id"])


async def update_item(
    connection: AsyncConnection,
    wisher: Wisher,
    wishlist_id: UUID,
    item_id: UUID,
    wanted: WishlistItemUpdate,
) -> dict[str, Any]:
    """Change how much something is wanted, or the notes."""
    await _lock(connection, wisher, wishlist_id)
    if await queries.find_item(connection, wisher.company_id, wishlist_id, item_id) is None:
        raise NotFound
    values = wanted.model_dump(exclude_unset=True)
    if values.get("priority", 0) is None:
        del values["priority"]
    if values:
        await queries.update_item(connection, wisher.company_id, wishlist_id, item_id, values)
        await queries.note_change(connection, wisher.company_id, wishlist_id, now=wisher.now)
        await _tell(connection, wisher, wishlist_id, "wishlist.updated", {"item_id": str(item_id)})
    return await read_wishlist(connection, wisher, wishlist_id)


async def remove_item(
    connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID | None, item_id: UUID
) -> dict[str, Any]:
    """Take something off a list (without an id, the default one)."""
    found = await _lock(connection, wisher, wishlist_id)
    await _remove(connection, wisher, found["id"], item_id)
    return await read_wishlist(connection, wisher, found["id"])


async def move_to_cart(
    connection: AsyncConnection,
    wisher: Wisher,
    wishlist_id: UUID,
    item_id: UUID,
    wanted: WishlistItemMove,
    *,
    caller: Caller,
    edit: Edit,
) -> dict[str, Any]:
    """Move something from a list into the customer's cart and return the cart's change."""
    # The cart is locked before the list; what is on the list is looked at again under its lock.
    item = await queries.find_item(connection, wisher.company_id, wishlist_id, item_id)
    found = await queries.find_wishlist(connection, wisher.company_id, wisher.customer_id, wishlist_id)
    if item is None or found is None:
        raise NotFound
    variant_id = await _variant_of(connection, wisher.company_id, item, wanted, caller=caller)
    change = await add_items(
        connection,
        wisher.company_id,
        CartOwner(customer_id=wisher.customer_id),
        [CartItemCreate(variant_id=variant_id, shop_id=wanted.shop_id, quantity_units=wanted.quantity_units)],
        caller=caller,
        edit=edit,
    )
    await _lock(connection, wisher, wishlist_id)
    await _remove(connection, wisher, wishlist_id, item_id)
    return change


async def _remove(connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID, item_id: UUID) -> None:
    if not await queries.delete_item(connection, wisher.company_id, wishlist_id, item_id):
        raise NotFound
    await queries.note_change(connection, wisher.company_id, wishlist_id, now=wisher.now)
    await _tell(connection, wisher, wishlist_id, "wishlist.updated", {"item_id": str(item_id)})


async def _lock(connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID | None) -> queries.Row:
    found = await queries.find_wishlist(
        connection, wisher.company_id, wisher.customer_id, wishlist_id, for_update=True
    )
    if found is None:
        raise NotFound
    return found


async def _product_of(connection: AsyncConnection, company_id: UUID, wanted: WishlistItemCreate) -> UUID:
    """Return the product that is meant: for sale, and the variant's if one is named."""
    sold = await queries.find_sold(
        connection, company_id, product_id=wanted.product_id, variant_id=wanted.variant_id
    )
    if not sold or wanted.product_id not in (None, sold[0]["product_id"]):
        field = "variant_id" if wanted.variant_id is not None else "product_id"
        raise UnknownReference("There is no such product for sale.", pointer=f"/{field}")
    product_id: UUID = sold[0]["product_id"]
    return product_id


async def _variant_of(
    connection: AsyncConnection,
    company_id: UUID,
    item: queries.Row,
    wanted: WishlistItemMove,
    *,
    caller: Caller,
) -> UUID:
    """Return the variant to buy: the list's, the one that is named, or the product's only one."""
    named = item["variant_id"] or wanted.variant_id
    if wanted.variant_id not in (None, named):
        raise NotSoldHere(pointer="/variant_id")
    shop_id = caller.shop_id or wanted.shop_id
    sold = await queries.find_sold(
        connection, company_id, product_id=item["product_id"], variant_id=named, shop_id=shop_id
    )
    if not sold or sold[0]["product_id"] != item["product_id"]:
        raise NotSoldHere(pointer="/variant_id")
    if len(sold) > 1:
        raise VariantRequired(pointer="/variant_id")
    variant_id: UUID = sold[0]["variant_id"]
    return variant_id


async def _items(connection: AsyncConnection, company_id: UUID, wishlist_id: UUID) -> list[dict[str, Any]]:
    rows: Sequence[queries.Row] = await queries.list_items(connection, company_id, wishlist_id)
    buyable = await buyable_products(connection, [row["product_id"] for row in rows], shop_id=None)
    return [{**row, "is_available": row["is_sold"] and row["product_id"] in buyable} for row in rows]


async def _tell(
    connection: AsyncConnection, wisher: Wisher, wishlist_id: UUID, kind: str, payload: dict[str, Any]
) -> None:
    await append_event(
        connection,
        company_id=wisher.company_id,
        type=kind,
        aggregate_type="wishlist",
        aggregate_id=wishlist_id,
        payload={"wishlist_id": str(wishlist_id), "customer_id": str(wisher.customer_id), **payload},
        actor_user_id=wisher.user_id,
    )


def _named(error: sa.exc.IntegrityError) -> Exception:
    if constraint_name(error) == "uq_wishlists_company_id_customer_id_name":
        return WishlistExists(pointer="/name")
    return error


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
