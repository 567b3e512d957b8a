"""What shipping costs: quotes for carts, checkout and the storefront."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.places import Destination, place_of
from api.shipping import quoting, rules
from api.shipping.errors import ShippingUnavailable
from api.shipping.rules import FreeBecause
from api.shipping.rules import tracking_url as tracking_url
from core.money import line_amount

_ZERO = Decimal("0.00")
_WEIGHTLESS = Decimal("0.000")


@dataclass(frozen=True)
class ShippingQuote:
    """What one method costs for one shop's parcel, in the company's currency."""

    # None, with `method_code` as it was asked for, where the shop has no shipping methods at all.
    method_id: UUID | None
    method_code: str | None
    name: str
    description: str | None
    carrier: str | None
    zone_id: UUID | None
    zone_name: str | None
    amount: Decimal
    # What it would cost if nothing made it free.
    regular_amount: Decimal
    estimated_days_min: int | None
    estimated_days_max: int | None
    free_because: FreeBecause | None
    # Whether a coupon for free shipping makes it free.
    can_be_free: bool


@dataclass(frozen=True)
class Parcel:
    """What shipping looks at in one shop's goods."""

    goods_amount: Decimal
    weight_kg: Decimal
    has_only_free_shipping: bool
    shipping_classes: frozenset[str]
    # Variants that the shop does not sell: they are not in the parcel.
    unknown_variant_ids: tuple[UUID, ...] = ()


async def quote_shipping(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_id: UUID,
    method_code: str | None,
    destination: Destination | None,
    goods_amount: Decimal,
    weight_kg: Decimal,
    has_only_free_shipping: bool,
    shipping_classes: Collection[str] = (),
) -> ShippingQuote:
    """Return what shipping one shop's parcel costs; without a method's code, the cheapest one.

    Parameters
    ----------
    destination
        None: not known yet; then only a zone that is everywhere applies.
    goods_amount
        All goods after discounts: bands by value and thresholds look at it.
    weight_kg
        Of the goods that do not ship free.
    shipping_classes
        Of the goods; a method that does not carry all of them is not offered.

    Raises
    ------
    ShippingUnavailable
        If no such method carries the parcel there. A shop without any method charges nothing.
    """
    quotes = await list_quotes(
        connection,
        company_id,
        shop_id=shop_id,
        method_code=method_code,
        destination=destination,
        goods_amount=goods_amount,
        weight_kg=weight_kg,
        has_only_free_shipping=has_only_free_shipping,
        shipping_classes=shipping_classes,
    )
    if quotes:
        return min(quotes, key=_by_price_then_speed)
    if await quoting.has_methods(connection, company_id, shop_id):
        raise ShippingUnavailable
    return _free_without_methods(method_code)


async def list_quotes(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_id: UUID,
    destination: Destination | None,
    goods_amount: Decimal,
    weight_kg: Decimal,
    has_only_free_shipping: bool,
    shipping_classes: Collection[str] = (),
    method_code: str | None = None,
) -> list[ShippingQuote]:
    """Return what each method costs for the parcel, in the order in which they are shown."""
    offers = await quoting.find_offers(
        connection,
        company_id,
        shop_id=shop_id,
        method_code=method_code,
        place=place_of(destination),
        goods_amount=goods_amount,
        weight_kg=weight_kg,
        shipping_classes=shipping_classes,
    )
    return [
        _quote_of(offer, goods_amount=goods_amount, has_only_free_shipping=has_only_free_shipping)
        for offer in offers
    ]


async def pack(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_id: UUID,
    units_by_variant: Mapping[UUID, int],
    currency: str,
) -> Parcel:
    """Gather what shipping looks at in goods, at the prices that they have now."""
    goods = await quoting.find_goods(
        connection, company_id, shop_id=shop_id, units_by_variant=units_by_variant
    )
    found = {line["variant_id"] for line in goods}
    return Parcel(
        goods_amount=sum(
            (line_amount(line["unit_price_amount"], line["units"], currency) for line in goods), _ZERO
        ),
        weight_kg=sum(
            (line["weight_kg"] * line["units"] for line in goods if not line["has_free_shipping"]),
            _WEIGHTLESS,
        ),
        has_only_free_shipping=bool(goods) and all(line["has_free_shipping"] for line in goods),
        shipping_classes=frozenset(line["shipping_class"] for line in goods),
        unknown_variant_ids=tuple(variant for variant in units_by_variant if variant not in found),
    )


def _quote_of(offer: quoting.Row, *, goods_amount: Decimal, has_only_free_shipping: bool) -> ShippingQuote:
    charge = rules.charge(
        base_amount=offer["base_amount"],
        band_amount=offer["band_amount"],
        free_from_amount=offer["free_from_amount"],
        can_be_free=offer["can_be_free"],
        goods_amount=goods_amount,
        has_only_free_shipping=has_only_free_shipping,
    )
    return ShippingQuote(
        method_id=offer["method_id"],
        method_code=offer["method_code"],
        name=offer["name"],
        description=offer["description"],
        carrier=offer["carrier"],
        zone_id=offer["zone_id"],
        zone_name=offer["zone_name"],
        amount=charge.amount,
        regular_amount=offer["base_amount"] + offer["band_amount"],
        estimated_days_min=offer["estimated_days_min"],
        estimated_days_max=offer["estimated_days_max"],
        free_because=charge.free_because,
        can_be_free=offer["can_be_free"],
    )


def _by_price_then_speed(quote: ShippingQuote) -> tuple[Decimal, int, str]:
    return quote.amount, quote.estimated_days_max or 0, quote.method_code or ""


def _free_without_methods(method_code: str | None) -> ShippingQuote:
    return ShippingQuote(
        method_id=None,
        method_code=method_code,
        name="",
        description=None,
        carrier=None,
        zone_id=None,
        zone_name=None,
        amount=_ZERO,
        regular_amount=_ZERO,
        estimated_days_min=None,
        estimated_days_max=None,
        free_because="no_methods",
        can_be_free=True,
    )
