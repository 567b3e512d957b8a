"""Putting a quote together from what was read: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from api.coupons.rules import Choice
from api.pricing.queries import CompanyTerms, GoodsTerms
from api.pricing.quotes import (
    AppliedCoupon,
    LineProblem,
    PriceLine,
    ProblemCode,
    Quote,
    QuotedLine,
    QuotedShop,
)
from api.pricing.rules import ZERO, Discount, PricedAmounts, price_line, total_of
from api.shipping.service import ShippingQuote

_DETAILS: dict[ProblemCode, str] = {
    "unknown_sku": "Not sold in this shop.",
    "price_changed": "The price has changed.",
    "out_of_stock": "There are not as many.",
}


@dataclass(frozen=True, slots=True)
class Basket:
    """What was asked and found. Lists other than ``asked`` have one entry per line that is sold."""

    company: CompanyTerms
    asked: Sequence[PriceLine]
    terms: Sequence[GoodsTerms]
    amounts: Sequence[Decimal]
    rates: Sequence[Decimal]
    discounts: Sequence[Discount]
    # By discount, then by line.
    shares: Sequence[Sequence[Decimal]]
    choice: Choice

    @property
    def shop_ids(self) -> list[UUID]:
        """Shops of the lines, in their order."""
        return list(dict.fromkeys(line.shop_id for line in self.terms))

    def places_of(self, shop_id: UUID) -> list[int]:
        """Places of a shop's lines."""
        return [place for place, line in enumerate(self.terms) if line.shop_id == shop_id]

    def quantity_units(self, place: int) -> int:
        """Units of a line."""
        return self.asked[self.terms[place].position].quantity_units

    def weight_kg(self, place: int) -> Decimal:
        """What shipping weighs: goods that ship free count for nothing."""
        line = self.terms[place]
        return ZERO if line.has_free_shipping else line.weight_kg * self.quantity_units(place)

    def discount(self, place: int) -> Decimal:
        """All discounts of a line."""
        return sum((shares[place] for shares in self.shares), ZERO)

    def discounted_amount(self, place: int) -> Decimal:
        """A line as priced, less its discounts."""
        return self.amounts[place] - self.discount(place)


def merged(lines: Sequence[PriceLine]) -> list[PriceLine]:
    """Make one line of those that name the same variant of the same shop."""
    by_key: dict[tuple[UUID, UUID], PriceLine] = {}
    for line in lines:
        key = (line.variant_id, line.shop_id)
        known = by_key.get(key)
        by_key[key] = (
            line
            if known is None
            else replace(known, quantity_units=known.quantity_units + line.quantity_units)
        )
    return list(by_key.values())


def assemble(basket: Basket, shipping: Mapping[UUID, ShippingQuote | None], *, now: datetime) -> Quote:
    """Write the quote."""
    priced = [
        price_line(
            amount,
            basket.discount(place),
            tax_rate=basket.rates[place],
            is_tax_included=basket.company.prices_include_tax,
            currency=basket.company.currency,
        )
        for place, amount in enumerate(basket.amounts)
    ]
    free_shops = _shops_with_free_shipping(basket)
    shops = tuple(
        _quoted_shop(basket, priced, shop_id, shipping, is_free=shop_id in free_shops)
        for shop_id in basket.shop_ids
    )
    return Quote(
        currency=basket.company.currency,
        prices_include_tax=basket.company.prices_include_tax,
        quoted_at=now,
        reservation_minutes=basket.company.reservation_minutes,
        lines=tuple(_quoted_line(basket, priced, place) for place in range(len(basket.terms))),
        shops=shops,
        coupons=_applied(basket, shops),
        problems=tuple(_problems(basket)),
        coupon_problems=basket.choice.refused,
        totals=total_of(priced, sum((shop.totals.shipping_amount for shop in shops), ZERO)),
    )


def _shops_with_free_shipping(basket: Basket) -> set[UUID]:
    return {
        basket.terms[place].shop_id
        for discount in basket.discounts
        if discount.kind == "free_shipping"
        for place in discount.lines
    }


def _quoted_shop(
    basket: Basket,
    priced: Sequence[PricedAmounts],
    shop_id: UUID,
    shipping: Mapping[UUID, ShippingQuote | None],
    *,
    is_free: bool,
) -> QuotedShop:
    quote = shipping.get(shop_id)
    amount = ZERO if quote is None else quote.amount
    given = amount if is_free and quote is not None and quote.can_be_free else ZERO
    return QuotedShop(
        shop_id=shop_id,
        is_shipping_available=quote is not None or shop_id not in shipping,
        shipping_method_id=None if quote is None else quote.method_id,
        shipping_method=None if quote is None else quote.method_code,
        shipping_discount_amount=given,
        totals=total_of([priced[place] for place in basket.places_of(shop_id)], amount - given),
    )


def _quoted_line(basket: Basket, priced: Sequence[PricedAmounts], place: int) -> QuotedLine:
    terms, amounts = basket.terms[place], priced[place]
    return QuotedLine(
        variant_id=terms.variant_id,
        shop_id=terms.shop_id,
        product_id=terms.product_id,
        category_id=terms.category_id,
        sku=terms.sku,
        product_name=terms.product_name,
        variant_name=terms.variant_name,
        image_url=terms.image_url,
        quantity_units=basket.quantity_units(place),
        available_units=terms.available_units,
        allow_backorder=terms.allow_backorder,
        unit_price_amount=terms.unit_price_amount,
        regular_price_amount=terms.regular_price_amount,
        weight_kg=terms.weight_kg,
        line_amount=amounts.line_amount,
        discount_amount=amounts.discount_amount,
        tax_rate=basket.rates[place],
        net_amount=amounts.net_amount,
        tax_amount=amounts.tax_amount,
        gross_amount=amounts.gross_amount,
    )


def _applied(basket: Basket, shops: Sequence[QuotedShop]) -> tuple[AppliedCoupon, ...]:
    """Pair each coupon with its discount; of several for free shipping, the first one gave it."""
    terms_by_code = {terms.code: terms for terms, _ in basket.choice.accepted}
    shipping_left = sum((shop.shipping_discount_amount for shop in shops), ZERO)
    applied = []
    for discount, shares in zip(basket.discounts, basket.shares, strict=True):
        terms = terms_by_code[discount.code]
        given, shipping_left = (
            (shipping_left, ZERO) if discount.kind == "free_shipping" else (ZERO, shipping_left)
        )
        applied.append(
            AppliedCoupon(
                coupon_id=terms.coupon_id,
                campaign_id=terms.campaign_id,
                code=terms.code,
                kind=terms.kind,
                discount_amount=sum(shares, ZERO),
                shipping_discount_amount=given,
                line_discount_amounts=tuple(shares),
            )
        )
    return tuple(applied)


def _problems(basket: Basket) -> list[LineProblem]:
    """Say of each line why it can't be bought as it is; several lines may share the same units."""
    terms_by_position = {terms.position: terms for terms in basket.terms}
    problems = []
    for position, line in enumerate(basket.asked):
        terms = terms_by_position.get(position)
        if terms is None:
            problems.append(_problem(line, "unknown_sku", None))
            continue
        expected = line.expected_unit_price_amount
        if expected is not None and expected != terms.unit_price_amount:
            problems.append(_problem(line, "price_changed", terms))
        if line.quantity_units > terms.available_units and not terms.allow_backorder:
            problems.append(_problem(line, "out_of_stock", terms))
    return problems


def _problem(line: PriceLine, code: ProblemCode, terms: GoodsTerms | None) -> LineProblem:
    return LineProblem(
        variant_id=line.variant_id,
        shop_id=line.shop_id,
        code=code,
        detail=_DETAILS[code],
        requested_units=line.quantity_units,
        available_units=0 if terms is None else terms.available_units,
        unit_price_amount=None if terms is None else terms.unit_price_amount,
    )
