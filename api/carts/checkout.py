"""What checkout takes from a cart: it is locked, read as it stands, and ends as converted.

The cart is the second lock of all (after the idempotency key), before customers, coupons and stock. Two
checkouts of one cart therefore follow one another, and the second finds it converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts import queries
from api.carts.owners import CartOwner
from api.carts.rules import CartDestination
from api.carts.tables import OPEN_STATUSES
from api.errors import IllegalTransition, NotFound
from core.events.outbox import append_event


@dataclass(frozen=True, slots=True)
class LockedLine:
    """A line of the cart; ``unit_price_amount`` is what the buyer last saw and accepted."""

    line_id: UUID
    variant_id: UUID
    shop_id: UUID
    quantity_units: int
    unit_price_amount: Decimal


@dataclass(frozen=True, slots=True)
class LockedCart:
    """A cart under its lock. ``lines`` are by shop and variant: the same for every buyer of the same goods.

    ``is_open`` is false for a cart that was converted or merged before: it can't be bought (again).
    """

    cart_id: UUID
    status: str
    is_open: bool
    customer_id: UUID | None
    email: str | None
    coupon_codes: tuple[str, ...]
    destination: CartDestination | None
    shipping_method_by_shop: Mapping[UUID, str]
    expires_at: datetime
    lines: tuple[LockedLine, ...]


async def lock_cart(
    connection: AsyncConnection, company_id: UUID, cart_id: UUID, *, owner: CartOwner
) -> LockedCart:
    """Lock a cart until the transaction ends and return it, whatever its status.

    Raises
    ------
    NotFound
        If it is not there, or not the owner's.
    """
    cart = await queries.lock_cart(connection, company_id, cart_id, owner)
    if cart is None:
        raise NotFound
    rows = await queries.list_quantities(connection, company_id, cart_id)
    return LockedCart(
        cart_id=cart_id,
        status=cart["status"],
        is_open=cart["status"] in OPEN_STATUSES,
        customer_id=cart["customer_id"],
        email=cart["email"],
        coupon_codes=tuple(cart["coupon_codes"]),
        destination=CartDestination(**cart["destination"]) if cart["destination"] else None,
        shipping_method_by_shop={UUID(shop): code for shop, code in cart["shipping_methods"].items()},
        expires_at=cart["expires_at"],
        lines=tuple(
            LockedLine(
                line_id=row["id"],
                variant_id=row["variant_id"],
                shop_id=row["shop_id"],
                quantity_units=row["quantity_units"],
                unit_price_amount=row["unit_price_amount"],
            )
            for row in sorted(rows, key=lambda row: (row["shop_id"].bytes, row["variant_id"].bytes))
        ),
    )


async def convert_cart(
    connection: AsyncConnection,
    company_id: UUID,
    cart_id: UUID,
    *,
    checkout_id: UUID,
    now: datetime,
    actor_user_id: UUID | None = None,
) -> None:
    """End a locked cart: its owner's next addition begins another. Its lines stay, as the record of it.

    Units that the cart itself holds (companies may set minutes) are the caller's to release, after the
    stock is locked and before it is reserved: ``end_reservations(owner_id=cart_id, ending="released")``.

    Raises
    ------
    IllegalTransition
        If it is not open any more.
    """
    status = await queries.convert_cart(connection, company_id, cart_id, now=now)
    if status is not None:
        raise IllegalTransition.between(status, "converted")
    await append_event(
        connection,
        company_id=company_id,
        type="cart.converted",
        aggregate_type="cart",
        aggregate_id=cart_id,
        payload={"cart_id": str(cart_id), "checkout_id": str(checkout_id)},
        actor_user_id=actor_user_id,
    )
