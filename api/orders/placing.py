"""Placing a direct order: in one round trip, or with a quote where coupons or shipping have to be priced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.coupons.errors import CouponRefused
from api.coupons.service import redeem
from api.errors import ApiError, Forbidden, IdempotencyKeyReused, Violation
from api.idempotency import KeyedRequest, claim
from api.orders.errors import OutOfStock, PriceChanged, UnknownCustomer, UnknownShop, UnknownSku
from api.orders.placement import (
    PlacedBy,
    Placement,
    PlacementLine,
    PlacementResult,
    lock_basket,
    place_in_transaction,
    run_placement,
)
from api.orders.schemas import Address, OrderCreate
from api.permissions import Scope
from api.places import place_of
from api.pricing.quotes import PriceLine, Quote
from api.pricing.service import price_cart
from api.shipping.errors import ShippingUnavailable
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction

_FIND_SKUS = sa.text(
    "select sku, id from variants where company_id = :company_id and sku = any(cast(:skus as text []))"
)


async def place_order(
    database: Database,
    order: OrderCreate,
    *,
    caller: Caller,
    request: KeyedRequest,
    request_id: str,
    now: datetime,
) -> PlacementResult:
    """Place an order and hold its stock, or change nothing; a repeated key gets the first answer.

    Raises
    ------
    ApiError
        `UnknownSku`, `UnknownShop`, `UnknownCustomer`, `OutOfStock`, `PriceChanged`, `CouponRefused`,
        `ShippingUnavailable`, `InProgress`, `IdempotencyKeyReused`, `Forbidden`: nothing was changed.
    """
    placement = _placement_of(order, caller=caller, request=request, request_id=request_id)
    if order.coupon_codes or order.shipping_method is not None:
        return await _place_quoted(database, order, placement, now=now)
    result = await run_placement(database, placement)
    if result.response_body is None or result.outcome == "key_reused":
        raise _refusal(result, order)
    return result


def quoted_lines(quote: Quote, shop_id: UUID) -> list[PlacementLine]:
    """Write a shop's lines as they were quoted: placement refuses them at any other price."""
    return [
        PlacementLine(
            quantity_units=line.quantity_units,
            variant_id=line.variant_id,
            discount_amount=line.discount_amount,
            tax_rate=line.tax_rate,
            expected_unit_price_amount=line.unit_price_amount,
        )
        for line in quote.lines_of(shop_id)
    ]


def discounts_of(quote: Quote, shop_id: UUID) -> list[Decimal]:
    """Return what each coupon of a quote takes off one shop's order."""
    return [
        sum(
            (
                amount
                for line, amount in zip(quote.lines, coupon.line_discount_amounts, strict=True)
                if line.shop_id == shop_id
            ),
            Decimal(0),
        )
        for coupon in quote.coupons
    ]


def written_codes(quote: Quote) -> str | None:
    """Name a quote's coupons in the order's own row."""
    return ",".join(coupon.code for coupon in quote.coupons) or None


def require_coupons(quote: Quote) -> None:
    """Refuse a purchase with a coupon that does not count, rather than charge more than was shown.

    Raises
    ------
    CouponRefused
        With each code and its reason.
    """
    if quote.coupon_problems:
        raise CouponRefused.of(quote.coupon_problems)


def address_json(address: Address | None) -> str:
    """Write an address as the order keeps it."""
    return "{}" if address is None else orjson.dumps(address.model_dump(exclude_none=True)).decode()


async def _place_quoted(
    database: Database, order: OrderCreate, placement: Placement, *, now: datetime
) -> PlacementResult:
    async def work(connection: AsyncConnection) -> PlacementResult:
        stored = await claim(connection, _keyed(placement))
        if stored is not None:
            body = stored.body.decode()
            return PlacementResult("replayed", body, UUID(orjson.loads(body)["id"]), None)
        quote = await _quote(connection, order, placement, now=now)
        quoted = _with_quote(placement, quote)
        await lock_basket(connection, [quoted])
        [result] = await place_in_transaction(connection, [quoted])
        if result.outcome != "placed" or result.order_id is None:
            raise _refusal(result, order)
        await redeem(
            connection,
            placement.company_id,
            quote.coupons,
            amounts_by_order={result.order_id: discounts_of(quote, placement.shop_id)},
            checkout_id=None,
            customer_id=placement.customer_id,
            email=placement.email,
        )
        return result

    return await run_in_transaction(
        database, work, company_id=placement.company_id, user_id=placement.user_id
    )


async def _quote(
    connection: AsyncConnection, order: OrderCreate, placement: Placement, *, now: datetime
) -> Quote:
    variant_ids = await _resolve(connection, order, placement)
    shop_id = placement.shop_id
    quote = await price_cart(
        connection,
        placement.company_id,
        lines=[
            PriceLine(variant_id, shop_id, line.quantity_units)
            for line, variant_id in zip(order.lines, variant_ids, strict=True)
        ],
        now=now,
        coupon_codes=order.coupon_codes,
        customer_id=placement.customer_id,
        email=placement.email,
        destination=order.shipping_address,
        shipping_method_by_shop=None if order.shipping_method is None else {shop_id: order.shipping_method},
        lock=True,
    )
    unsold = {problem.variant_id for problem in quote.problems if problem.code == "unknown_sku"}
    if unsold:
        raise _unknown(order, [place for place, known in enumerate(variant_ids) if known in unsold])
    if not all(shop.is_shipping_available for shop in quote.shops):
        raise ShippingUnavailable(pointer="/shipping_method")
    require_coupons(quote)
    return quote


def _with_quote(placement: Placement, quote: Quote) -> Placement:
    [shop] = quote.shops
    return replace(
        placement,
        lines=quoted_lines(quote, shop.shop_id),
        shipping_method=shop.shipping_method,
        shipping_amount=shop.totals.shipping_amount,
        coupon_code=written_codes(quote),
        expected_total_amount=placement.expected_total_amount or str(shop.totals.total_amount),
    )


async def _resolve(connection: AsyncConnection, order: OrderCreate, placement: Placement) -> list[UUID]:
    skus = [line.sku for line in order.lines if line.sku is not None]
    known: Mapping[str, UUID] = {}
    if skus:
        values = {"company_id": placement.company_id, "skus": skus}
        known = {row.sku: row.id for row in await connection.execute(_FIND_SKUS, values)}
    unknown = [place for place, line in enumerate(order.lines) if line.sku and line.sku not in known]
    if unknown:
        raise _unknown(order, unknown)
    return [line.variant_id or known[line.sku or ""] for line in order.lines]


def _placement_of(order: OrderCreate, *, caller: Caller, request: KeyedRequest, request_id: str) -> Placement:
    shop_id = _shop_of(order, caller)
    placed_by, customer_id = _buyer_of(order, caller)
    place = place_of(order.shipping_address)
    return Placement(
        company_id=request.company_id,
        shop_id=shop_id,
        placed_by=placed_by,
        scope=request.scope,
        key=request.key,
        # The storefront's key may name the shop, so the same body may mean another order.
        request_sha256=hashlib.sha256(request.request_sha256 + shop_id.bytes).digest(),
        lines=[PlacementLine(line.quantity_units, line.variant_id, line.sku) for line in order.lines],
        user_id=caller.user_id,
        customer_id=customer_id,
        email=order.email or (caller.email if placed_by == "customer" else None),
        shipping_address=address_json(order.shipping_address),
        billing_address=address_json(order.billing_address),
        customer_note=order.customer_note,
        expected_total_amount=(
            None if order.expected_total_amount is None else str(order.expected_total_amount)
        ),
        tax_country=place.country,
        tax_region=place.region,
        request_id=request_id,
    )


def _keyed(placement: Placement) -> KeyedRequest:
    return KeyedRequest(
        company_id=placement.company_id,
        user_id=placement.user_id,
        scope=placement.scope,
        key=placement.key,
        request_sha256=placement.request_sha256,
    )


def _shop_of(order: OrderCreate, caller: Caller) -> UUID:
    shop_id = caller.shop_id or order.shop_id
    if shop_id is None:
        raise UnknownShop("Name the shop, or send its storefront's key.", pointer="/shop_id")
    if order.shop_id not in (None, shop_id):
        raise UnknownShop("The storefront's key is another shop's.", pointer="/shop_id")
    if caller.scope is not Scope.OWN and not caller.may_use_shop(shop_id):
        raise Forbidden("You do not work in this shop.")
    return shop_id


def _buyer_of(order: OrderCreate, caller: Caller) -> tuple[PlacedBy, UUID | None]:
    """Tell who buys: a customer for themselves, a guest, or staff for a customer or for nobody known."""
    if caller.kind == "person" and caller.scope is not Scope.OWN:
        return "staff", order.customer_id
    customer_id = caller.customer_id if caller.kind == "person" else None
    if order.customer_id not in (None, customer_id):
        raise UnknownCustomer(pointer="/customer_id")
    if caller.kind == "person" and customer_id is None:
        raise UnknownCustomer("You are not a customer of this company.")
    return ("guest" if customer_id is None else "customer"), customer_id


def _refusal(result: PlacementResult, order: OrderCreate) -> ApiError:
    details = result.details
    match result.outcome:
        case "key_reused":
            return IdempotencyKeyReused()
        case "unknown_shop":
            return UnknownShop(pointer="/shop_id")
        case "unknown_customer":
            return UnknownCustomer(pointer="/customer_id")
        case "unknown_sku":
            return _unknown(order, [line["line"] for line in details])
        case "out_of_stock":
            return OutOfStock(violations=_short_violations(details, order), extensions={"lines": details})
        case _:
            return PriceChanged(extensions=details)


def _unknown(order: OrderCreate, places: Sequence[int]) -> UnknownSku:
    return UnknownSku(
        violations=[
            Violation(
                f"/lines/{place}/{'sku' if order.lines[place].variant_id is None else 'variant_id'}",
                UnknownSku.code,
                "Not sold in this shop.",
            )
            for place in places
        ]
    )


def _short_violations(short: Sequence[dict[str, Any]], order: OrderCreate) -> list[Violation]:
    """Point to the first line that names each variant of which there is too little."""
    wanted = [line.sku or str(line.variant_id) for line in order.lines]
    return [
        Violation(
            f"/lines/{wanted.index(name)}/quantity_units",
            OutOfStock.code,
            f"{variant['available_units']} available.",
        )
        for variant in short
        for name in (variant["sku"], variant["variant_id"])
        if name in wanted
    ]
