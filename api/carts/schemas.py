"""What the cart routes take and give."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from api.carts.owners import CART_TOKEN_PATTERN
from api.identity.schemas import Email
from api.schemas import (
    Amount,
    InputModel,
    OutputModel,
    PositiveUnits,
    PricedModel,
    ShortText,
    UnitAmount,
    Units,
)

MOST_ITEMS_AT_ONCE = 200

CartStatus = Literal["active", "abandoned", "converted", "merged"]
LineProblemCode = Literal["not_sold", "archived", "out_of_stock", "price_changed"]
CouponCode = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_.-]+$")]
MethodCode = Annotated[str, StringConstraints(min_length=1, max_length=100)]


def _check_token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(CART_TOKEN_PATTERN, token.get_secret_value()):
        raise ValueError("this is no cart's token")
    return token


class CartItemCreate(InputModel):
    """Units to add, of a variant named by id or by SKU; what is in the cart already is added to."""

    variant_id: UUID | None = None
    sku: ShortText | None = None
    shop_id: UUID | None = Field(None, description="Needed unless a storefront's key names the shop")
    quantity_units: PositiveUnits = 1

    @model_validator(mode="after")
    def _name_one_variant(self) -> Self:
        if (self.variant_id is None) == (self.sku is None):
            raise ValueError("name the variant by variant_id or by sku, one of them")
        return self


class CartItemsCreate(InputModel):
    """Things to add, in one go: all of them or none. Of the same variant and shop, one line is made."""

    items: Annotated[list[CartItemCreate], Field(min_length=1, max_length=MOST_ITEMS_AT_ONCE)]


class CartItemUpdate(InputModel):
    """The line's new quantity; 0 takes it out."""

    quantity_units: Annotated[Units, Field(le=1_000_000)]


class NamedItemUpdate(CartItemUpdate):
    """A line of the cart and its new quantity."""

    id: UUID


class CartItemsUpdate(InputModel):
    """New quantities of several lines, all of them or none."""

    items: Annotated[list[NamedItemUpdate], Field(min_length=1, max_length=MOST_ITEMS_AT_ONCE)]

    @model_validator(mode="after")
    def _name_each_once(self) -> Self:
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError("name each line once")
        return self


class Destination(InputModel):
    """Where it would go, for estimates of tax and shipping."""

    country: ShortText
    state: ShortText | None = None
    city: ShortText | None = None
    postal_code: Annotated[str, StringConstraints(max_length=20)] | None = None


class ShippingChoice(InputModel):
    """How one shop's goods would be sent."""

    shop_id: UUID
    method: MethodCode


class CartUpdate(InputModel):
    """What the buyer says about the cart; what is left out stays, null takes it back."""

    email: Email | None = None
    destination: Destination | None = None
    shipping_methods: Annotated[list[ShippingChoice], Field(max_length=50)] | None = None


class CouponApply(InputModel):
    """A code as the buyer typed it."""

    code: CouponCode


class CartMergeCreate(InputModel):
    """The token of the guest's cart."""

    cart_token: Annotated[SecretStr, AfterValidator(_check_token)]


class SavedItemMove(InputModel):
    """How many of what is saved go into the cart; left out: all."""

    quantity_units: PositiveUnits | None = None


class CartLineRead(OutputModel):
    """A line as it stands now: at the price of now, with what is wrong with it."""

    id: UUID
    variant_id: UUID
    shop_id: UUID
    product_id: UUID
    sku: str
    product_name: str
    product_slug: str
    variant_name: str | None
    image_url: str | None
    quantity_units: int
    available_units: int
    unit_price_amount: UnitAmount
    regular_price_amount: UnitAmount
    added_unit_price_amount: UnitAmount
    # What the buyer last accepted, where it is another price than now; else null.
    previous_unit_price_amount: UnitAmount | None
    line_amount: Amount
    problems: list[LineProblemCode]
    added_at: datetime


class AppliedCouponRead(OutputModel):
    """A code that counts, and what it takes off."""

    code: str
    discount_amount: Amount
    shipping_discount_amount: Amount


class CouponProblemRead(OutputModel):
    """A code on the cart that does not count now."""

    code: str
    reason: str
    detail: str


class DestinationRead(OutputModel):
    country: str
    state: str | None
    city: str | None
    postal_code: str | None


class ShippingChoiceRead(OutputModel):
    shop_id: UUID
    method: str


class CartSummary(PricedModel):
    """A cart without its lines; ``id`` is null before anything was put in."""

    id: UUID | None
    status: CartStatus
    customer_id: UUID | None
    email: str | None
    currency: str
    prices_include_tax: bool
    line_count: int
    quantity_units: int
    coupon_codes: list[str]
    destination: DestinationRead | None
    shipping_methods: list[ShippingChoiceRead]
    last_activity_at: datetime | None
    expires_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class CartShopRead(OutputModel):
    """What one shop's part would come to; each shop's part becomes an order of its own."""

    shop_id: UUID
    # The method chosen, or the cheapest; null: none goes there.
    shipping_method: str | None
    is_shipping_available: bool
    subtotal_amount: Amount
    discount_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount
    total_amount: Amount


class CartRead(CartSummary):
    """A cart with its lines and what it would come to. Lines that are not sold count nothing."""

    lines: list[CartLineRead]
    has_problems: bool
    shops: list[CartShopRead]
    coupons: list[AppliedCouponRead]
    coupon_problems: list[CouponProblemRead]
    subtotal_amount: Amount
    discount_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount
    total_amount: Amount


class CartChange(CartSummary):
    """What an edit did: the lines that it changed, as they are now. The whole, with totals, is GET /cart."""

    # Σ units × accepted price, before coupons, tax and shipping.
    accepted_amount: Amount
    lines: list[CartLineRead]
    removed_line_ids: list[UUID]


class SavedItemRead(OutputModel):
    """Something saved for later, at the price of now."""

    id: UUID
    variant_id: UUID
    shop_id: UUID
    product_id: UUID
    sku: str
    product_name: str
    product_slug: str
    variant_name: str | None
    image_url: str | None
    quantity_units: int
    available_units: int
    currency: str
    unit_price_amount: UnitAmount
    # What it cost when it was saved, where that is another price than now; else null.
    previous_unit_price_amount: UnitAmount | None
    problems: list[LineProblemCode]
    saved_at: datetime
