"""Prices of a basket: an estimate for carts, the binding quote for checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons.rules import Choice, Goods, choose
from api.coupons.service import FoundCoupons, find_coupons
from api.places import Destination
from api.pricing import queries
from api.pricing.assembly import Basket, assemble, merged
from api.pricing.quotes import PriceLine as PriceLine
from api.pricing.quotes import Quote as Quote
from api.pricing.rules import ZERO, discount_lines, in_order
from api.shipping.errors import ShippingUnavailable
from api.shipping.service import ShippingQuote, quote_shipping
from api.taxes.service import tax_rates_for
from core.money import line_amount
from core.time import local_date, time_zone


async def price_cart(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    lines: Sequence[PriceLine],
    now: datetime,
    coupon_codes: Sequence[str] = (),
    customer_id: UUID | None = None,
    email: str | None = None,
    destination: Destination | None = None,
    shipping_method_by_shop: Mapping[UUID, str | None] | None = None,
    cart_id: UUID | None = None,
    lock: bool = False,
) -> Quote:
    """Price a basket of one or more shops: goods, coupons, taxes by category and region, shipping.

    Parameters
    ----------
    lines
        The same variant of a shop named twice is one line with both quantities.
    coupon_codes
        As typed; those that do not count are `Quote.coupon_problems`, with a reason each.
    shipping_method_by_shop
        Code of the method chosen per shop; a shop without one is charged its cheapest. None: no shipping.
    cart_id
        Units that this cart holds itself are available to it.
    lock
        Hold the buyer and the coupons until the transaction ends, so that their limits stay as they were
        found: for a checkout that redeems them. The locks are taken before anything is read.
    """
    found = await find_coupons(
        connection, company_id, coupon_codes, customer_id=customer_id, email=email, lock=lock
    )
    company = await queries.read_company(connection, company_id)
    asked = merged(lines)
    terms = await queries.read_goods(
        connection, company_id, [(line.variant_id, line.shop_id) for line in asked], cart_id=cart_id
    )
    rates = await tax_rates_for(
        connection,
        company_id,
        category_ids=[line.category_id for line in terms],
        destination=destination,
        at=now,
    )
    amounts = [
        line_amount(line.unit_price_amount, asked[line.position].quantity_units, company.currency)
        for line in terms
    ]
    choice = _choose(coupon_codes, found, terms, amounts, company=company, now=now, is_binding=lock)
    discounts = in_order(discount for _, discount in choice.accepted)
    shares = discount_lines(amounts, discounts, currency=company.currency)
    basket = Basket(
        company=company,
        asked=asked,
        terms=terms,
        amounts=amounts,
        rates=[rates[line.category_id] for line in terms],
        discounts=discounts,
        shares=shares,
        choice=choice,
    )
    shipping = await _shipping(
        connection, company_id, basket, destination=destination, methods=shipping_method_by_shop
    )
    return assemble(basket, shipping, now=now)


def _choose(
    codes: Sequence[str],
    found: FoundCoupons,
    terms: Sequence[queries.GoodsTerms],
    amounts: Sequence[Decimal],
    *,
    company: queries.CompanyTerms,
    now: datetime,
    is_binding: bool,
) -> Choice:
    goods = [
        Goods(line.shop_id, line.product_id, frozenset(line.category_ids), amount)
        for line, amount in zip(terms, amounts, strict=True)
    ]
    return choose(
        codes,
        found.terms_by_code,
        goods,
        buyer=found.buyer,
        today=local_date(now, time_zone(company.timezone)),
        is_binding=is_binding,
    )


async def _shipping(
    connection: AsyncConnection,
    company_id: UUID,
    basket: Basket,
    *,
    destination: Destination | None,
    methods: Mapping[UUID, str | None] | None,
) -> dict[UUID, ShippingQuote | None]:
    """Quote each shop's parcel; None: it can't be shipped there this way."""
    quotes: dict[UUID, ShippingQuote | None] = {}
    for shop_id in basket.shop_ids if methods is not None else []:
        places = basket.places_of(shop_id)
        goods = [basket.terms[place] for place in places]
        try:
            quotes[shop_id] = await quote_shipping(
                connection,
                company_id,
                shop_id=shop_id,
                method_code=(methods or {}).get(shop_id),
                destination=destination,
                goods_amount=sum((basket.discounted_amount(place) for place in places), ZERO),
                weight_kg=sum((basket.weight_kg(place) for place in places), ZERO),
                has_only_free_shipping=all(line.has_free_shipping for line in goods),
                shipping_classes={line.shipping_class for line in goods},
            )
        except ShippingUnavailable:
            quotes[shop_id] = None
    return quotes
