"""What a basket costs right now: the answer of `api.pricing.service.price_cart`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from api.pricing.rules import DiscountKind, Totals

ProblemCode = Literal["unknown_sku", "price_changed", "out_of_stock"]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """Units of a variant from a shop, and what the buyer was told that one costs, if anything."""

    variant_id: UUID
    shop_id: UUID
    quantity_units: int
    expected_unit_price_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why a line can't be bought as it is."""

    variant_id: UUID
    shop_id: UUID
    code: ProblemCode
    detail: str
    requested_units: int
    available_units: int
    unit_price_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line that is sold here, as it would be charged now."""

    variant_id: UUID
    shop_id: UUID
    product_id: UUID
    category_id: UUID | None
    sku: str
    product_name: str
    variant_name: str | None
    image_url: str | None
    quantity_units: int
    available_units: int
    allow_backorder: bool
    unit_price_amount: Decimal
    regular_price_amount: Decimal
    weight_kg: Decimal
    line_amount: Decimal
    discount_amount: Decimal
    tax_rate: Decimal
    net_amount: Decimal
    tax_amount: Decimal
    gross_amount: Decimal


@dataclass(frozen=True, slots=True)
class QuotedShop:
    """What one shop's order would come to; its shipping is after coupons for free shipping.

    ``is_shipping_available`` is false where no such method carries these goods there: then no shipping is in
    the totals, and nothing can be bought.
    """

    shop_id: UUID
    is_shipping_available: bool
    shipping_method_id: UUID | None
    shipping_method: str | None
    shipping_discount_amount: Decimal
    totals: Totals


@dataclass(frozen=True, slots=True)
class AppliedCoupon:
    """A coupon that counts, with its share of each of `Quote.lines`."""

    coupon_id: UUID
    campaign_id: UUID | None
    code: str
    kind: DiscountKind
    discount_amount: Decimal
    shipping_discount_amount: Decimal
    line_discount_amounts: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class CouponProblem:
    """Why a code does not count: ``reason`` is stable, for programs."""

    code: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A basket priced at one moment. Lines that are not sold are among the problems only."""

    currency: str
    prices_include_tax: bool
    quoted_at: datetime
    reservation_minutes: int
    lines: tuple[QuotedLine, ...]
    shops: tuple[QuotedShop, ...]
    coupons: tuple[AppliedCoupon, ...]
    problems: tuple[LineProblem, ...]
    coupon_problems: tuple[CouponProblem, ...]
    totals: Totals

    def lines_of(self, shop_id: UUID) -> list[QuotedLine]:
        """Return the lines of one shop."""
        return [line for line in self.lines if line.shop_id == shop_id]
