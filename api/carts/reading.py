"""Carts as they are shown: lines at the prices of now, their problems, and what the whole would come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts import queries
from api.carts.owners import CartOwner
from api.carts.queries import Row
from api.carts.rules import CartDestination, LineKey, Terms, problems_of
from api.inventory.shop_stock import shop_stock
from api.pricing.service import PriceLine, Quote, price_cart
from core.money import line_amount

_DESCRIBED = (
    "product_id",
    "sku",
    "product_name",
    "product_slug",
    "variant_name",
    "image_url",
    "unit_price_amount",
    "regular_price_amount",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a shop says about a variant: for deciding, and in words for showing."""

    terms: Terms
    description: Mapping[str, Any] = field(repr=False)


async def offers_of(
    connection: AsyncConnection, company_id: UUID, keys: Sequence[LineKey], *, cart_id: UUID | None
) -> dict[LineKey, Offer]:
    """Return what is offered for each (variant, shop) that the company has; units that the cart holds count.

    Two statements, however many they are.
    """
    if not keys:
        return {}
    rows = await queries.list_terms(connection, company_id, keys)
    stock = await shop_stock(connection, company_id, list(rows), owner_id=cart_id)
    return {
        key: Offer(
            Terms(
                is_sold=row["is_sold"],
                is_archived=row["is_archived"],
                unit_price_amount=row["unit_price_amount"],
                available_units=stock[key].available_units,
                allow_backorder=stock[key].allow_backorder,
            ),
            {name: row[name] for name in _DESCRIBED},
        )
        for key, row in rows.items()
    }


def show_line(line: Row, offer: Offer, *, currency: str) -> dict[str, Any]:
    """Write a line as it is now."""
    accepted, now = line["unit_price_amount"], offer.terms.unit_price_amount
    return {
        **offer.description,
        "id": line["id"],
        "variant_id": line["variant_id"],
        "shop_id": line["shop_id"],
        "quantity_units": line["quantity_units"],
        "available_units": offer.terms.available_units,
        "added_unit_price_amount": line["added_unit_price_amount"],
        "previous_unit_price_amount": None if accepted == now else accepted,
        "line_amount": line_amount(now, line["quantity_units"], currency),
        "problems": problems_of(
            offer.terms, quantity_units=line["quantity_units"], accepted_unit_price_amount=accepted
        ),
        "added_at": line["added_at"],
    }


def show_summary(cart: Row, *, line_count: int, quantity_units: int) -> dict[str, Any]:
    """Write what a cart is, without its lines."""
    methods = sorted(cart["shipping_methods"].items())
    names = ("country", "state", "city", "postal_code")
    return {
        **cart,
        "line_count": line_count,
        "quantity_units": quantity_units,
        "destination": {name: cart["destination"].get(name) for name in names}
        if cart["destination"]
        else None,
        "shipping_methods": [{"shop_id": UUID(shop), "method": code} for shop, code in methods],
    }


async def read_cart(
    connection: AsyncConnection, company_id: UUID, owner: CartOwner | None, *, now: datetime
) -> dict[str, Any]:
    """Return the owner's cart with lines and estimates; an empty one if there is none. Writes nothing."""
    cart = None if owner is None else await queries.find_cart(connection, company_id, owner, now=now)
    if cart is None:
        return _empty(await queries.company_terms(connection, company_id), owner)
    lines = await queries.list_lines(connection, company_id, cart["id"])
    keys = [(line["variant_id"], line["shop_id"]) for line in lines]
    offers = await offers_of(connection, company_id, keys, cart_id=cart["id"])
    shown = [
        show_line(line, offers[key], currency=cart["currency"]) for line, key in zip(lines, keys, strict=True)
    ]
    sold = [line for line, key in zip(lines, keys, strict=True) if offers[key].terms.is_sold]
    return {
        **show_summary(
            cart, line_count=len(lines), quantity_units=sum(line["quantity_units"] for line in lines)
        ),
        "lines": shown,
        **_estimate(await quote_cart(connection, company_id, cart, sold, now=now)),
        "has_problems": any(line["problems"] for line in shown),
    }


async def quote_cart(
    connection: AsyncConnection,
    company_id: UUID,
    cart: Row,
    lines: Sequence[Row],
    *,
    now: datetime,
    coupon_codes: Sequence[str] | None = None,
) -> Quote | None:
    """Price lines of a cart, with its coupons or others; nothing to price has no quote."""
    if not lines:
        return None
    destination = CartDestination(**cart["destination"]) if cart["destination"] else None
    methods = {UUID(shop): code for shop, code in cart["shipping_methods"].items()}
    return await price_cart(
        connection,
        company_id,
        lines=[
            PriceLine(line["variant_id"], line["shop_id"], line["quantity_units"], line["unit_price_amount"])
            for line in lines
        ],
        now=now,
        coupon_codes=cart["coupon_codes"] if coupon_codes is None else coupon_codes,
        customer_id=cart["customer_id"],
        email=cart["email"],
        destination=destination,
        shipping_method_by_shop=methods,
        cart_id=cart["id"],
    )


def _estimate(quote: Quote | None) -> dict[str, Any]:
    if quote is None:
        return {"shops": [], "coupons": [], "coupon_problems": [], **dict.fromkeys(_TOTALS, Decimal("0.00"))}
    return {
        "shops": [
            {
                "shop_id": shop.shop_id,
                "shipping_method": shop.shipping_method,
                "is_shipping_available": shop.is_shipping_available,
                **{name: getattr(shop.totals, name) for name in _TOTALS},
            }
            for shop in quote.shops
        ],
        "coupons": quote.coupons,
        "coupon_problems": quote.coupon_problems,
        **{name: getattr(quote.totals, name) for name in _TOTALS},
    }


_TOTALS = ("subtotal_amount", "discount_amount", "tax_amount", "shipping_amount", "total_amount")


def _empty(company: Row, owner: CartOwner | None) -> dict[str, Any]:
    nothing = dict.fromkeys(("id", "email", "last_activity_at", "expires_at", "created_at", "updated_at"))
    return {
        **nothing,
        "status": "active",
        "customer_id": None if owner is None else owner.customer_id,
        "currency": company["currency"],
        "prices_include_tax": company["prices_include_tax"],
        "line_count": 0,
        "quantity_units": 0,
        "coupon_codes": [],
        "destination": None,
        "shipping_methods": [],
        "lines": [],
        "has_problems": False,
        **_estimate(None),
    }
