"""What the checkout routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import EmailStr, Field

from api.checkout.rules import CheckoutStatus
from api.orders.schemas import Address, Note, OrderStatus
from api.pricing.rules import DiscountKind
from api.schemas import Amount, InputModel, OutputModel, PricedModel, ShortText

MOST_SHOPS = 100


class CheckoutCreate(InputModel):
    """Buys a cart: its lines at the prices that the buyer saw there, with its coupons."""

    cart_id: UUID
    email: EmailStr | None = Field(None, description="Needed of guests whose cart has none")
    shipping_address: Address
    billing_address: Address | None = Field(None, description="Where it is another than the shipping address")
    shipping_methods: Annotated[dict[UUID, ShortText], Field(max_length=MOST_SHOPS)] = Field(
        default_factory=dict,
        description="Code of the method by shop; else the cart's, else the cheapest that carries the goods",
    )
    customer_note: Note | None = None
    expected_total_amount: Annotated[Amount, Field(ge=0)] | None = Field(
        None, description="Total that the buyer was shown; if it is another by now, nothing is ordered (409)"
    )


class CheckoutOrder(OutputModel):
    """One shop's order of a checkout."""

    id: UUID
    order_number: str
    shop_id: UUID
    status: OrderStatus
    payment_status: str
    subtotal_amount: Amount
    discount_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount
    total_amount: Amount
    shipping_method: str | None
    coupon_code: str | None


class CheckoutCoupon(OutputModel):
    """A coupon that was used."""

    code: str
    kind: DiscountKind
    discount_amount: Amount
    shipping_discount_amount: Amount


class CheckoutRead(PricedModel):
    """A cart that became orders. ``amount`` is what one payment pays, whatever prices do meanwhile."""

    id: UUID
    cart_id: UUID
    status: CheckoutStatus
    customer_id: UUID | None
    email: str | None
    currency: str
    amount: Amount
    subtotal_amount: Amount
    discount_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount
    coupons: list[CheckoutCoupon]
    orders: list[CheckoutOrder]
    created_at: datetime
    expires_at: datetime = Field(description="Until then the stock is held for a payment")
