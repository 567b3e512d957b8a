"""What all edits of carts share: the cart is locked, lines are judged and written, the edit is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts import queries
from api.carts.errors import CartLimitExceeded, NotSoldHere, TooFewAvailable
from api.carts.owners import CartOwner
from api.carts.reading import Offer, offers_of, show_line, show_summary
from api.carts.rules import CartPolicy, Line, LineKey, summed
from api.errors import NotFound, ServiceUnavailable, Violation
from api.inventory.cart_holds import WantedHold, hold_for_cart
from core.events.outbox import append_event
from core.settings import Settings

_TRIES_TO_OPEN = 3
_NOTHING: Mapping[LineKey, Offer] = {}


@dataclass(frozen=True, slots=True)
class Edit:
    """What all edits of carts need: limits, time, and who does it."""

    policy: CartPolicy
    now: datetime
    actor_user_id: UUID | None = None

    @property
    def expires_at(self) -> datetime:
        """When a cart that is edited now is forgotten."""
        return self.now + self.policy.lifetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units to add, and where the request names them."""

    key: LineKey
    units: int
    pointer: str


def policy_of(settings: Settings) -> CartPolicy:
    """Read the limits of carts from the settings."""
    return CartPolicy(
        most_lines=settings.cart_lines,
        most_line_units=settings.cart_line_units,
        most_coupons=settings.cart_coupons,
        most_saved=settings.cart_saved_items,
        lifetime=timedelta(days=settings.cart_days),
    )


async def open_cart(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, *, edit: Edit
) -> queries.Row:
    """Lock the owner's open cart, and make it first if there is none."""
    for _ in range(_TRIES_TO_OPEN):
        cart = await queries.find_cart(connection, company_id, owner, now=edit.now, for_update=True)
        if cart is not None:
            return cart
        await queries.add_cart(connection, company_id, owner, expires_at=edit.expires_at, now=edit.now)
    raise ServiceUnavailable  # it was bought, or forgotten, each time before it was locked


async def locked_cart(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner, *, edit: Edit
) -> queries.Row:
    """Lock the owner's open cart; without one there is nothing to change."""
    cart = await queries.find_cart(connection, company_id, owner, now=edit.now, for_update=True)
    if cart is None:
        raise NotFound
    return cart


async def add_wanted(
    connection: AsyncConnection, cart: queries.Row, wanted: Sequence[Wanted], *, edit: Edit
) -> dict[str, Any]:
    """Add units to a locked cart and return the change."""
    company_id, cart_id = cart["company_id"], cart["id"]
    added = summed((one.key, one.units) for one in wanted)
    offers = await offers_of(connection, company_id, list(added), cart_id=cart_id)
    _require_sold(wanted, offers)
    held = {
        (line["variant_id"], line["shop_id"]): line["quantity_units"]
        for line in await queries.list_lines_of(connection, company_id, cart_id, list(added))
    }
    targets = {key: held.get(key, 0) + units for key, units in added.items()}
    pointers = {one.key: one.pointer for one in reversed(wanted)}
    _require_fitting(targets, offers, pointers, policy=edit.policy)
    line_count = await queries.count_lines(connection, company_id, cart_id) + len(added.keys() - held.keys())
    if line_count > edit.policy.most_lines:
        raise CartLimitExceeded(extensions={"most_lines": edit.policy.most_lines})
    await set_lines(connection, cart, targets, offers, edit=edit)
    payload = {
        "lines": [
            {"variant_id": str(key[0]), "shop_id": str(key[1]), "quantity_units": units}
            for key, units in added.items()
        ]
    }
    return await finish(
        connection,
        cart,
        edit=edit,
        event="cart.item_added",
        payload=payload,
        changed={key: offers[key] for key in added},
    )


async def change_lines(
    connection: AsyncConnection,
    cart: queries.Row,
    lines: Sequence[queries.Row],
    units_of: Mapping[UUID, int],
    pointers_of: Mapping[UUID, str],
    *,
    edit: Edit,
) -> dict[str, Any]:
    """Change lines of a locked cart. More is refused where there is too little; less never is."""
    kept = {(line["variant_id"], line["shop_id"]): line for line in lines if units_of[line["id"]] > 0}
    targets = {key: units_of[line["id"]] for key, line in kept.items()}
    offers = await offers_of(connection, cart["company_id"], list(kept), cart_id=cart["id"])
    raised = {key: units for key, units in targets.items() if units > kept[key]["quantity_units"]}
    pointers = {key: pointers_of[line["id"]] for key, line in kept.items()}
    _require_sold([Wanted(key, units, pointers[key]) for key, units in raised.items()], offers)
    _require_fitting(raised, offers, pointers, policy=edit.policy)
    removed = [line["id"] for line in lines if units_of[line["id"]] == 0]
    if targets:
        await set_lines(connection, cart, targets, offers, edit=edit)
    if removed:
        await queries.delete_lines(connection, cart["company_id"], cart["id"], removed)
    return await finish(connection, cart, edit=edit, changed=offers, removed=removed)


async def set_lines(
    connection: AsyncConnection,
    cart: queries.Row,
    targets: Mapping[LineKey, int],
    offers: Mapping[LineKey, Offer],
    *,
    edit: Edit,
) -> None:
    lines = [Line(key, units, offers[key].terms.unit_price_amount) for key, units in targets.items()]
    await queries.set_lines(connection, cart["company_id"], cart["id"], lines, now=edit.now)


async def finish(
    connection: AsyncConnection,
    cart: queries.Row,
    *,
    edit: Edit,
    event: str = "cart.updated",
    payload: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    changed: Mapping[LineKey, Offer] = _NOTHING,
    removed: Sequence[UUID] = (),
) -> dict[str, Any]:
    """End an edit: hold stock anew where the company wants that, note the activity, tell, and show it."""
    company_id, cart_id = cart["company_id"], cart["id"]
    if changed or removed:
        await hold_stock(connection, cart, edit=edit)
    touched = await queries.touch(
        connection, company_id, cart_id, now=edit.now, expires_at=edit.expires_at, changes=changes
    )
    await append_event(
        connection,
        company_id=company_id,
        type=event,
        aggregate_type="cart",
        aggregate_id=cart_id,
        payload={
            "cart_id": str(cart_id),
            "customer_id": None if cart["customer_id"] is None else str(cart["customer_id"]),
            "line_count": touched["line_count"],
            **(payload or {}),
        },
        actor_user_id=edit.actor_user_id,
    )
    shown = await _show(connection, cart, changed) if changed else []
    return {
        **show_summary(touched, line_count=touched["line_count"], quantity_units=touched["quantity_units"]),
        "accepted_amount": touched["accepted_amount"],
        "lines": shown,
        "removed_line_ids": list(removed),
    }


async def hold_stock(
    connection: AsyncConnection, cart: queries.Row, *, edit: Edit, takes_over: UUID | None = None
) -> None:
    """Hold what is in the cart for the company's minutes; by default carts hold nothing.

    ``takes_over`` is a cart that gives up what it holds.
    """
    minutes = cart["cart_reservation_minutes"]
    if not minutes:
        return
    rows = await queries.list_quantities(connection, cart["company_id"], cart["id"])
    wanted = [WantedHold(row["id"], row["variant_id"], row["shop_id"], row["quantity_units"]) for row in rows]
    await hold_for_cart(
        connection,
        cart["company_id"],
        cart["id"],
        wanted=wanted,
        now=edit.now,
        expires_at=edit.now + timedelta(minutes=minutes),
        takes_over=takes_over,
    )


def _require_fitting(
    targets: Mapping[LineKey, int],
    offers: Mapping[LineKey, Offer],
    pointers: Mapping[LineKey, str],
    *,
    policy: CartPolicy,
) -> None:
    """Refuse quantities above the limit of a line, or above what is there."""
    over = [key for key, units in targets.items() if units > policy.most_line_units]
    if over:
        raise CartLimitExceeded(
            violations=_violations(over, pointers, CartLimitExceeded.code, "More than a line holds."),
            extensions={"most_line_units": policy.most_line_units},
        )
    short = [key for key, units in targets.items() if not offers[key].terms.can_give(units)]
    if short:
        lines = [
            {
                "variant_id": key[0],
                "shop_id": key[1],
                "quantity_units": targets[key],
                "available_units": offers[key].terms.available_units,
            }
            for key in short
        ]
        detail = "More than is available."
        raise TooFewAvailable(
            violations=_violations(short, pointers, TooFewAvailable.code, detail), extensions={"lines": lines}
        )


def _require_sold(wanted: Sequence[Wanted], offers: Mapping[LineKey, Offer]) -> None:
    unsold = [one for one in wanted if one.key not in offers or not offers[one.key].terms.is_sold]
    if unsold:
        raise NotSoldHere(
            violations=[Violation(one.pointer, NotSoldHere.code, "Not sold in this shop.") for one in unsold]
        )


def _violations(
    keys: Iterable[LineKey], pointers: Mapping[LineKey, str], code: str, detail: str
) -> list[Violation]:
    return [Violation(f"{pointers[key]}/quantity_units", code, detail) for key in keys]


async def _show(
    connection: AsyncConnection, cart: queries.Row, offers: Mapping[LineKey, Offer]
) -> list[dict[str, Any]]:
    lines = await queries.list_lines_of(connection, cart["company_id"], cart["id"], list(offers))
    return [
        show_line(line, offers[line["variant_id"], line["shop_id"]], currency=cart["currency"])
        for line in lines
    ]
