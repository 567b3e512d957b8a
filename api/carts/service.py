"""Use cases of carts: read, add, change, take out, coupons. Each edit locks the cart first.

`api.carts.saving` has what is saved for later, `api.carts.merging` the merge at login, `api.carts.checkout`
what checkout needs, `api.carts.sweeping` what time does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.carts import queries
from api.carts.checkout import LockedCart as LockedCart
from api.carts.checkout import LockedLine as LockedLine
from api.carts.checkout import convert_cart as convert_cart
from api.carts.checkout import lock_cart as lock_cart
from api.carts.editing import (
    Edit,
    Wanted,
    add_wanted,
    change_lines,
    finish,
    locked_cart,
    open_cart,
    set_lines,
)
from api.carts.errors import CartLimitExceeded, CouponNotAccepted, NotSoldHere, UnknownCartShop
from api.carts.owners import CartOwner
from api.carts.reading import offers_of, quote_cart
from api.carts.reading import read_cart as read_cart
from api.carts.schemas import CartItemCreate, CartItemsUpdate, CartUpdate
from api.coupons.rules import normalised_code
from api.errors import NotFound, UnknownReference, Violation


async def start_cart(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, *, edit: Edit
) -> dict[str, Any]:
    """Return the owner's cart, made if there is none."""
    await open_cart(connection, company_id, owner, edit=edit)
    return await read_cart(connection, company_id, owner, now=edit.now)


async def add_items(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    items: Sequence[CartItemCreate],
    *,
    caller: Caller,
    edit: Edit,
) -> dict[str, Any]:
    """Add units to the cart, all of them or none.

    Raises
    ------
    ApiError
        `NotSoldHere`, `UnknownCartShop`, `TooFewAvailable`, `CartLimitExceeded`: nothing was changed.
    """
    wanted = await _resolve(connection, company_id, items, shop_id=caller.shop_id)
    cart = await open_cart(connection, company_id, owner, edit=edit)
    return await add_wanted(connection, cart, wanted, edit=edit)


async def set_quantities(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, wanted: CartItemsUpdate, *, edit: Edit
) -> dict[str, Any]:
    """Give lines new quantities, and accept their prices of now; 0 takes a line out."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    units_of = {item.id: item.quantity_units for item in wanted.items}
    pointers_of = {item.id: f"/items/{place}" for place, item in enumerate(wanted.items)}
    lines = await queries.list_lines(connection, company_id, cart["id"], list(units_of))
    unknown = units_of.keys() - {line["id"] for line in lines}
    if unknown:
        raise UnknownReference(
            "The cart has no such line.",
            violations=[
                Violation(f"{pointers_of[line_id]}/id", UnknownReference.code, "The cart has no such line.")
                for line_id in unknown
            ],
        )
    return await change_lines(connection, cart, lines, units_of, pointers_of, edit=edit)


async def set_quantity(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    line_id: UUID,
    quantity_units: int,
    *,
    edit: Edit,
) -> dict[str, Any]:
    """Give one line a new quantity; 0 takes it out."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    lines = await queries.list_lines(connection, company_id, cart["id"], [line_id])
    if not lines:
        raise NotFound
    return await change_lines(connection, cart, lines, {line_id: quantity_units}, {line_id: ""}, edit=edit)


async def remove_lines(
    connection: AsyncConnection,
    company_id: UUID,
    owner: CartOwner,
    *,
    edit: Edit,
    line_id: UUID | None = None,
) -> dict[str, Any]:
    """Take one line out of the cart, or all."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    named = None if line_id is None else [line_id]
    removed = await queries.delete_lines(connection, company_id, cart["id"], named)
    if named and not removed:
        raise NotFound
    return await finish(connection, cart, edit=edit, removed=removed)


async def accept_prices(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, *, edit: Edit
) -> dict[str, Any]:
    """Take note of every line's price of now: the change is not reported again."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    lines = await queries.list_lines(connection, company_id, cart["id"])
    keys = {(line["variant_id"], line["shop_id"]): line["quantity_units"] for line in lines}
    offers = await offers_of(connection, company_id, list(keys), cart_id=cart["id"])
    accepted = {
        (line["variant_id"], line["shop_id"]): line["quantity_units"]
        for line in lines
        for offer in [offers[line["variant_id"], line["shop_id"]]]
        if offer.terms.is_sold and offer.terms.unit_price_amount != line["unit_price_amount"]
    }
    if accepted:
        await set_lines(connection, cart, accepted, offers, edit=edit)
    return await finish(connection, cart, edit=edit, changed={key: offers[key] for key in accepted})


async def update_cart(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, wanted: CartUpdate, *, edit: Edit
) -> dict[str, Any]:
    """Note the buyer's e-mail address, destination or shipping methods."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    changes: dict[str, Any] = {}
    if "email" in wanted.model_fields_set:
        changes["email"] = wanted.email
    if "destination" in wanted.model_fields_set:
        destination = wanted.destination
        changes["destination"] = {} if destination is None else destination.model_dump(exclude_none=True)
    if "shipping_methods" in wanted.model_fields_set:
        chosen = wanted.shipping_methods or []
        changes["shipping_methods"] = {str(choice.shop_id): choice.method for choice in chosen}
    return await finish(connection, cart, edit=edit, changes=changes)


async def apply_coupon(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, code: str, *, edit: Edit
) -> dict[str, Any]:
    """Put a code on the cart, if it counts together with those that are there.

    Raises
    ------
    CouponNotAccepted
        With the reason.
    """
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    wanted = normalised_code(code)
    codes: list[str] = list(cart["coupon_codes"])
    if wanted not in codes:
        codes.append(wanted)
        if len(codes) > edit.policy.most_coupons:
            raise CartLimitExceeded(extensions={"most_coupons": edit.policy.most_coupons})
        await _require_counting(connection, cart, codes, wanted, now=edit.now)
    return await finish(connection, cart, edit=edit, changes={"coupon_codes": codes})


async def remove_coupon(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, code: str, *, edit: Edit
) -> dict[str, Any]:
    """Take a code off the cart."""
    cart = await locked_cart(connection, company_id, owner, edit=edit)
    codes = [known for known in cart["coupon_codes"] if known != normalised_code(code)]
    if len(codes) == len(cart["coupon_codes"]):
        raise NotFound
    return await finish(connection, cart, edit=edit, changes={"coupon_codes": codes})


async def _resolve(
    connection: AsyncConnection, company_id: UUID, items: Sequence[CartItemCreate], *, shop_id: UUID | None
) -> list[Wanted]:
    """Find the variants of SKUs and the shop of each item."""
    skus = [item.sku for item in items if item.sku is not None]
    variant_ids = await queries.find_skus(connection, company_id, skus) if skus else {}
    wanted: list[Wanted] = []
    unknown: list[Violation] = []
    for place, item in enumerate(items):
        pointer = f"/items/{place}"
        shop = shop_id or item.shop_id
        if shop is None or item.shop_id not in (None, shop):
            raise UnknownCartShop(pointer=f"{pointer}/shop_id")
        variant_id = item.variant_id or variant_ids.get(item.sku or "")
        if variant_id is None:
            unknown.append(Violation(pointer, NotSoldHere.code, "Not sold in this shop."))
        else:
            wanted.append(Wanted((variant_id, shop), item.quantity_units, pointer))
    if unknown:
        raise NotSoldHere(violations=unknown)
    return wanted


async def _require_counting(
    connection: AsyncConnection, cart: queries.Row, codes: Sequence[str], wanted: str, *, now: datetime
) -> None:
    lines = await queries.list_quantities(connection, cart["company_id"], cart["id"])
    quote = await quote_cart(connection, cart["company_id"], cart, lines, now=now, coupon_codes=codes)
    if quote is None:
        raise CouponNotAccepted("Put something into the cart first.", extensions={"reason": "empty_cart"})
    for problem in quote.coupon_problems:
        if normalised_code(problem.code) == wanted:
            raise CouponNotAccepted(problem.detail, pointer="/code", extensions={"reason": problem.reason})
