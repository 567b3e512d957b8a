"""A guest's cart becomes part of the customer's when the guest logs in: no unit is lost, none counts twice.

Both carts are locked by id, so two logins at once take turns; the second finds the guest's cart merged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts import queries, saved_queries
from api.carts.editing import Edit, hold_stock
from api.carts.owners import CartOwner
from api.carts.reading import offers_of
from api.carts.rules import Line, LineKey, Merge, SavedReason, merge_lines
from core.events.outbox import append_event


async def merge_carts(
    connection: AsyncConnection, company_id: UUID, *, customer_id: UUID, session_sha256: bytes, edit: Edit
) -> dict[str, Any] | None:
    """Merge a guest's cart and saved items into the customer's; None if the guest has neither (any more)."""
    customer, guest = CartOwner(customer_id=customer_id), CartOwner(session_sha256=session_sha256)
    carts = await queries.lock_both(connection, company_id, customer, guest, now=edit.now)
    guest_cart = next((cart for cart in carts if cart["customer_id"] is None), None)
    if guest_cart is None and not await saved_queries.has_saved(connection, company_id, guest):
        return None
    own = next((cart for cart in carts if cart["customer_id"] is not None), None)
    if own is None:
        await queries.add_cart(connection, company_id, customer, expires_at=edit.expires_at, now=edit.now)
        carts = await queries.lock_both(connection, company_id, customer, guest, now=edit.now)
        own = next(cart for cart in carts if cart["customer_id"] is not None)
    saved_count = await saved_queries.adopt(
        connection, company_id, customer_id=customer_id, session_sha256=session_sha256
    )
    guest_lines: list[Line] = []
    merge = Merge((), ())
    if guest_cart is not None:
        guest_lines = await _take_over(connection, guest_cart)
        merge = await _merge(connection, own, guest_lines, customer, edit=edit)
        await queries.end_merged(connection, company_id, guest_cart["id"], into_cart_id=own["id"])
    await _finish(connection, own, guest_cart, merge, edit=edit)
    return {
        "cart_id": own["id"],
        "lines": _report(guest_lines, merge, await _quantities(connection, own)),
        "saved_item_count": saved_count + len(merge.saved),
    }


async def _take_over(connection: AsyncConnection, guest_cart: queries.Row) -> list[Line]:
    """Empty the guest's cart and return its lines."""
    company_id, cart_id = guest_cart["company_id"], guest_cart["id"]
    rows = await queries.list_lines(connection, company_id, cart_id)
    await queries.delete_lines(connection, company_id, cart_id, None)
    return [_line(row) for row in rows]


async def _merge(
    connection: AsyncConnection,
    own: queries.Row,
    guest_lines: Sequence[Line],
    customer: CartOwner,
    *,
    edit: Edit,
) -> Merge:
    company_id = own["company_id"]
    rows = await queries.list_lines(connection, company_id, own["id"])
    keys = [line.key for line in guest_lines]
    offers = await offers_of(connection, company_id, keys, cart_id=own["id"])
    terms = {key: offer.terms for key, offer in offers.items()}
    merge = merge_lines([_line(row) for row in rows], guest_lines, terms, edit.policy)
    if merge.lines:
        await queries.set_lines(connection, company_id, own["id"], merge.lines, now=edit.now)
    if merge.saved:
        left = [saved.line for saved in merge.saved]
        await saved_queries.save(connection, company_id, customer, left, now=edit.now, expires_at=None)
    return merge


async def _finish(
    connection: AsyncConnection,
    own: queries.Row,
    guest_cart: queries.Row | None,
    merge: Merge,
    *,
    edit: Edit,
) -> None:
    company_id, cart_id = own["company_id"], own["id"]
    if guest_cart is not None:
        await hold_stock(connection, own, edit=edit, takes_over=guest_cart["id"])
    changes: dict[str, Any] = {}
    if guest_cart is not None:
        codes = dict.fromkeys([*own["coupon_codes"], *guest_cart["coupon_codes"]])
        changes = {
            "coupon_codes": list(codes),
            "email": own["email"] or guest_cart["email"],
            "destination": own["destination"] or guest_cart["destination"],
            "shipping_methods": {**guest_cart["shipping_methods"], **own["shipping_methods"]},
        }
    touched = await queries.touch(
        connection, company_id, cart_id, now=edit.now, expires_at=edit.expires_at, changes=changes
    )
    await append_event(
        connection,
        company_id=company_id,
        type="cart.merged",
        aggregate_type="cart",
        aggregate_id=cart_id,
        payload={
            "cart_id": str(cart_id),
            "customer_id": str(own["customer_id"]),
            "guest_cart_id": None if guest_cart is None else str(guest_cart["id"]),
            "line_count": touched["line_count"],
            "saved_count": len(merge.saved),
        },
        actor_user_id=edit.actor_user_id,
    )


async def _quantities(connection: AsyncConnection, cart: queries.Row) -> dict[LineKey, int]:
    rows = await queries.list_quantities(connection, cart["company_id"], cart["id"])
    return {(row["variant_id"], row["shop_id"]): row["quantity_units"] for row in rows}


def _report(
    guest_lines: Sequence[Line], merge: Merge, quantities: dict[LineKey, int]
) -> list[dict[str, Any]]:
    """Tell of each of the guest's lines what became of it."""
    saved_units: Counter[LineKey] = Counter()
    reasons: dict[LineKey, SavedReason | None] = defaultdict(lambda: None)
    for saved in merge.saved:
        saved_units[saved.line.key] += saved.line.quantity_units
        reasons[saved.line.key] = saved.reason
    return [
        {
            "variant_id": line.key[0],
            "shop_id": line.key[1],
            "guest_units": line.quantity_units,
            "quantity_units": quantities.get(line.key, 0),
            "saved_units": saved_units[line.key],
            "reason": reasons[line.key],
        }
        for line in guest_lines
    ]


def _line(row: queries.Row) -> Line:
    return Line((row["variant_id"], row["shop_id"]), row["quantity_units"], row["unit_price_amount"])
