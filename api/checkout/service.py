"""Use cases of checkouts: a cart becomes one order per shop, all of them or none.

Locks: idempotency key, cart, buyer, coupons, stock. The number of round trips is constant in the number of
lines (each further shop asks for its shipping).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.carts.checkout import LockedCart, convert_cart, lock_cart
from api.carts.owners import CartOwner, Shopper
from api.checkout import queries
from api.checkout.errors import CartClosed, CartEmpty, CartHasProblems, EmailRequired
from api.checkout.rules import CheckoutStatus, status_of
from api.checkout.schemas import CheckoutCreate, CheckoutRead
from api.coupons.service import redeem
from api.errors import NotFound, Violation
from api.idempotency import KeyedRequest
from api.inventory.reservations import end_reservations
from api.orders.errors import PriceChanged
from api.orders.placement import Placement, PlacementResult, lock_basket, place_in_transaction
from api.orders.placing import address_json, discounts_of, quoted_lines, require_coupons, written_codes
from api.permissions import Scope
from api.pricing.quotes import LineProblem, PriceLine, Quote, QuotedShop
from api.pricing.service import price_cart
from api.shipping.errors import ShippingUnavailable
from core.events.outbox import append_event
from core.ids import new_id


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """An order of a checkout, as a payment looks at it."""

    order_id: UUID
    order_number: str
    shop_id: UUID
    status: str
    payment_status: str
    total_amount: Decimal


@dataclass(frozen=True, slots=True)
class Checkout:
    """What one payment pays. The orders' totals add up to ``amount``, as they were placed."""

    checkout_id: UUID
    cart_id: UUID
    status: CheckoutStatus
    customer_id: UUID | None
    session_sha256: bytes | None
    email: str | None
    currency: str
    amount: Decimal
    expires_at: datetime
    created_at: datetime
    orders: tuple[CheckoutOrder, ...]


async def load_checkout(
    connection: AsyncConnection, company_id: UUID, checkout_id: UUID, *, lock: bool
) -> Checkout:
    """Return a checkout with its orders and amounts; locked, before any of its orders is.

    Raises
    ------
    NotFound
        If the company has no such checkout.
    """
    row = await queries.get_checkout(connection, company_id, checkout_id, lock=lock)
    if row is None:
        raise NotFound
    orders = await queries.list_orders(connection, company_id, checkout_id)
    return Checkout(
        checkout_id=checkout_id,
        cart_id=row["cart_id"],
        status=status_of([(order["status"], order["payment_status"]) for order in orders]),
        customer_id=row["customer_id"],
        session_sha256=row["session_sha256"],
        email=row["email"],
        currency=row["currency"],
        amount=row["amount"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        orders=tuple(
            CheckoutOrder(
                order["id"],
                order["order_number"],
                order["shop_id"],
                order["status"],
                order["payment_status"],
                order["total_amount"],
            )
            for order in orders
        ),
    )


async def check_out(
    connection: AsyncConnection,
    checkout: CheckoutCreate,
    *,
    shopper: Shopper,
    request: KeyedRequest,
    request_id: str,
    now: datetime,
) -> CheckoutRead:
    """Buy a cart, or change nothing; a cart that was bought before is answered with what it became.

    Raises
    ------
    ApiError
        `CartEmpty`, `CartClosed`, `CartHasProblems`, `CouponRefused`, `ShippingUnavailable`, `PriceChanged`,
        `EmailRequired`, `NotFound`: nothing was changed.
    """
    company_id, owner = shopper.company_id, shopper.require_owner()
    cart = await lock_cart(connection, company_id, checkout.cart_id, owner=owner)
    if not cart.is_open:
        return await _bought_before(connection, company_id, cart)
    if not cart.lines:
        raise CartEmpty
    email = checkout.email or cart.email or (shopper.caller.email if owner.customer_id else None)
    if email is None and owner.customer_id is None:
        raise EmailRequired(pointer="/email")
    quote = await _binding_quote(connection, company_id, checkout, cart, email=email, now=now)
    checkout_id = new_id()
    await _write(connection, company_id, checkout_id, cart, owner, quote, email=email, caller=shopper.caller)
    placements = [
        _placement(checkout, cart, quote, shop, owner, email, request, request_id, checkout_id)
        for shop in quote.shops
    ]
    await lock_basket(connection, placements)
    await end_reservations(
        connection, company_id=company_id, owner_id=cart.cart_id, ending="released", at=now
    )
    results = await place_in_transaction(connection, placements)
    _require_placed(results)
    await redeem(
        connection,
        company_id,
        quote.coupons,
        amounts_by_order={
            result.order_id: discounts_of(quote, placement.shop_id)
            for result, placement in zip(results, placements, strict=True)
            if result.order_id is not None
        },
        checkout_id=checkout_id,
        customer_id=owner.customer_id,
        email=email,
    )
    await convert_cart(
        connection,
        company_id,
        cart.cart_id,
        checkout_id=checkout_id,
        now=now,
        actor_user_id=shopper.caller.user_id,
    )
    return await _read(connection, company_id, checkout_id)


async def read_checkout(
    connection: AsyncConnection, checkout_id: UUID, *, caller: Caller, owner: CartOwner | None
) -> CheckoutRead:
    """Return a checkout to its buyer, or to staff of a shop that sells in it."""
    company_id = caller.require_company()
    found = await load_checkout(connection, company_id, checkout_id, lock=False)
    if not _may_see(found, caller=caller, owner=owner):
        raise NotFound
    return await _read(connection, company_id, checkout_id)


def _may_see(checkout: Checkout, *, caller: Caller, owner: CartOwner | None) -> bool:
    if caller.kind == "person" and caller.scope is not Scope.OWN:
        return any(caller.may_use_shop(order.shop_id) for order in checkout.orders)
    if owner is None:
        return False
    if owner.customer_id is not None:
        return checkout.customer_id == owner.customer_id
    return checkout.session_sha256 is not None and checkout.session_sha256 == owner.session_sha256


async def _bought_before(connection: AsyncConnection, company_id: UUID, cart: LockedCart) -> CheckoutRead:
    checkout_id = await queries.find_of_cart(connection, company_id, cart.cart_id)
    if checkout_id is None:
        raise CartClosed(extensions={"cart_status": cart.status})
    return await _read(connection, company_id, checkout_id)


async def _binding_quote(
    connection: AsyncConnection,
    company_id: UUID,
    checkout: CheckoutCreate,
    cart: LockedCart,
    *,
    email: str | None,
    now: datetime,
) -> Quote:
    quote = await price_cart(
        connection,
        company_id,
        lines=[
            PriceLine(line.variant_id, line.shop_id, line.quantity_units, line.unit_price_amount)
            for line in cart.lines
        ],
        now=now,
        coupon_codes=cart.coupon_codes,
        customer_id=cart.customer_id,
        email=email,
        destination=checkout.shipping_address,
        shipping_method_by_shop={**cart.shipping_method_by_shop, **checkout.shipping_methods},
        cart_id=cart.cart_id,
        lock=True,
    )
    if quote.problems:
        raise CartHasProblems(
            violations=[_violation(cart, problem) for problem in quote.problems],
            extensions={"lines": [_line_of(problem) for problem in quote.problems]},
        )
    require_coupons(quote)
    if not all(shop.is_shipping_available for shop in quote.shops):
        raise ShippingUnavailable(pointer="/shipping_methods")
    expected = checkout.expected_total_amount
    if expected is not None and expected != quote.totals.total_amount:
        raise PriceChanged(extensions={"total_amount": str(quote.totals.total_amount), "lines": []})
    return quote


def _violation(cart: LockedCart, problem: LineProblem) -> Violation:
    keys = [(line.variant_id, line.shop_id) for line in cart.lines]
    place = keys.index((problem.variant_id, problem.shop_id))
    return Violation(f"/cart/lines/{place}", problem.code, problem.detail)


def _line_of(problem: LineProblem) -> dict[str, Any]:
    price = problem.unit_price_amount
    return {
        "variant_id": str(problem.variant_id),
        "shop_id": str(problem.shop_id),
        "code": problem.code,
        "detail": problem.detail,
        "requested_units": problem.requested_units,
        "available_units": problem.available_units,
        "unit_price_amount": None if price is None else str(price),
    }


async def _write(
    connection: AsyncConnection,
    company_id: UUID,
    checkout_id: UUID,
    cart: LockedCart,
    owner: CartOwner,
    quote: Quote,
    *,
    email: str | None,
    caller: Caller,
) -> None:
    values = {
        "company_id": company_id,
        "id": checkout_id,
        "cart_id": cart.cart_id,
        "customer_id": owner.customer_id,
        "session_sha256": owner.session_sha256,
        "email": email and email.lower(),
        "placed_by_user_id": caller.user_id,
        "currency": quote.currency,
        "amount": quote.totals.total_amount,
        "quote": _frozen(quote),
    }
    await queries.insert_checkout(connection, values, minutes=quote.reservation_minutes)
    await append_event(
        connection,
        company_id=company_id,
        type="checkout.created",
        aggregate_type="checkout",
        aggregate_id=checkout_id,
        payload={
            "checkout_id": str(checkout_id),
            "cart_id": str(cart.cart_id),
            "currency": quote.currency,
            "amount": str(quote.totals.total_amount),
        },
        actor_user_id=caller.user_id,
    )


def _frozen(quote: Quote) -> dict[str, Any]:
    """Keep what the buyer was promised: totals and coupons. Lines are frozen in the orders."""
    totals = quote.totals
    return {
        "subtotal_amount": str(totals.subtotal_amount),
        "discount_amount": str(totals.discount_amount),
        "tax_amount": str(totals.tax_amount),
        "shipping_amount": str(totals.shipping_amount),
        "coupons": [
            {
                "code": coupon.code,
                "kind": coupon.kind,
                "discount_amount": str(coupon.discount_amount),
                "shipping_discount_amount": str(coupon.shipping_discount_amount),
            }
            for coupon in quote.coupons
        ],
    }


def _placement(
    checkout: CheckoutCreate,
    cart: LockedCart,
    quote: Quote,
    shop: QuotedShop,
    owner: CartOwner,
    email: str | None,
    request: KeyedRequest,
    request_id: str,
    checkout_id: UUID,
) -> Placement:
    return Placement(
        company_id=request.company_id,
        shop_id=shop.shop_id,
        placed_by="guest" if owner.customer_id is None else "customer",
        scope=request.scope,
        key=request.key,
        request_sha256=request.request_sha256,
        lines=quoted_lines(quote, shop.shop_id),
        user_id=request.user_id,
        customer_id=owner.customer_id,
        email=email,
        shipping_address=address_json(checkout.shipping_address),
        billing_address=address_json(checkout.billing_address or checkout.shipping_address),
        shipping_method=shop.shipping_method,
        customer_note=checkout.customer_note,
        expected_total_amount=str(shop.totals.total_amount),
        shipping_amount=shop.totals.shipping_amount,
        coupon_code=written_codes(quote),
        checkout_id=checkout_id,
        cart_id=cart.cart_id,
        is_part_of_checkout=True,
        request_id=request_id,
    )


def _require_placed(results: list[PlacementResult]) -> None:
    """Refuse all orders if one was: what was there when the basket was priced is gone under the lock."""
    refused = next((result for result in results if result.outcome != "placed"), None)
    if refused is None:
        return
    if refused.outcome == "price_changed":
        raise PriceChanged(extensions=refused.details)
    lines = refused.details if isinstance(refused.details, list) else []
    raise CartHasProblems(extensions={"lines": [{"code": refused.outcome, **line} for line in lines]})


async def _read(connection: AsyncConnection, company_id: UUID, checkout_id: UUID) -> CheckoutRead:
    row = await queries.get_checkout(connection, company_id, checkout_id, lock=False)
    if row is None:
        raise NotFound
    orders = await queries.list_orders(connection, company_id, checkout_id)
    status = status_of([(order["status"], order["payment_status"]) for order in orders])
    return CheckoutRead.model_validate(
        {**row, **row["quote"], "status": status, "orders": [dict(order) for order in orders]}
    )
