"""What the order routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import EmailStr, Field, StringConstraints, model_validator

from api.fulfilment.schemas import ShipmentRead
from api.returns.schemas import ReturnRead
from api.schemas import (
    Amount,
    InputModel,
    Latitude,
    Longitude,
    OutputModel,
    PositiveUnits,
    PricedModel,
    Rate,
    ShortText,
    UnitAmount,
)

MOST_LINES = 100
MOST_COUPON_CODES = 10

OrderStatus = Literal[
    "pending",
    "confirmed",
    "processing",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "returned",
    "refunded",
]
PaymentStatus = Literal["unpaid", "authorised", "paid", "partly_refunded", "refunded", "failed", "voided"]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Note = Annotated[str, StringConstraints(max_length=2000)]
CouponCode = Annotated[str, StringConstraints(min_length=1, max_length=50)]


class Address(InputModel):
    """Where goods or the invoice go; kept with the order as it was."""

    full_name: ShortText
    address_line1: ShortText
    address_line2: ShortText | None = None
    city: ShortText
    state: ShortText | None = None
    postal_code: Annotated[str, StringConstraints(max_length=20)] | None = None
    country: ShortText
    phone: Phone | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class OrderLineCreate(InputModel):
    """What is wanted, by id or by SKU. The price is ours: it is not taken from the request."""

    variant_id: UUID | None = None
    sku: ShortText | None = None
    quantity_units: PositiveUnits

    @model_validator(mode="after")
    def _name_one_variant(self) -> Self:
        if (self.variant_id is None) == (self.sku is None):
            raise ValueError("name the variant by variant_id or by sku, one of them")
        return self


class OrderCreate(InputModel):
    """An order. Lines of the same variant are merged."""

    lines: Annotated[list[OrderLineCreate], Field(min_length=1, max_length=MOST_LINES)]
    shop_id: UUID | None = Field(None, description="Needed unless a storefront's key names the shop")
    customer_id: UUID | None = Field(None, description="For staff who order for a customer")
    email: EmailStr | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_method: ShortText | None = Field(
        None, description="Code of a shipping method, which is then charged; without one, nothing is"
    )
    coupon_codes: Annotated[list[CouponCode], Field(max_length=MOST_COUPON_CODES)] = Field(
        default_factory=list, description="One that does not count refuses the order (409)"
    )
    customer_note: Note | None = None
    expected_total_amount: Annotated[Amount, Field(ge=0)] | None = Field(
        None, description="Total that the buyer was shown; if it is another by now, nothing is ordered (409)"
    )


class OrderLineUnits(InputModel):
    """Units of one of the order's lines."""

    order_line_id: UUID
    quantity_units: PositiveUnits


class OrderCancel(InputModel):
    """What of an order is cancelled, and why. Without lines: all that has not left."""

    reason: Note | None = None
    lines: Annotated[list[OrderLineUnits], Field(min_length=1, max_length=MOST_LINES)] | None = None

    @model_validator(mode="after")
    def _name_each_line_once(self) -> Self:
        named = [line.order_line_id for line in self.lines or ()]
        if len(named) != len(set(named)):
            raise ValueError("name each order line once")
        return self


class OrderNotes(InputModel):
    """Notes of an order; what is left out stays, null takes a note away."""

    customer_note: Note | None = None
    internal_note: Note | None = None


class OrderStatusChange(InputModel):
    """The next status of an order, and a note for its history, which the customer reads too."""

    status: OrderStatus
    note: Note | None = None


class OrderLookup(InputModel):
    """What a guest knows of their order."""

    order_number: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    email: Annotated[str, StringConstraints(min_length=1, max_length=254)] = Field(
        description="The address that the order was placed with, in any case"
    )


class OrderLineRead(OutputModel):
    id: UUID
    line_number: int
    variant_id: UUID
    sku: str
    product_name: str
    variant_name: str | None
    image_url: str | None
    quantity_units: int
    unit_price_amount: UnitAmount
    line_amount: Amount
    discount_amount: Amount
    tax_rate: Rate
    net_amount: Amount
    tax_amount: Amount
    gross_amount: Amount
    backordered_units: int
    fulfilled_units: int
    cancelled_units: int
    returned_units: int


class OrderSummary(PricedModel):
    """An order without its lines."""

    id: UUID
    order_number: str
    status: OrderStatus
    payment_status: str
    shop_id: UUID
    customer_id: UUID | None
    email: str | None
    placed_by: str
    currency: str
    prices_include_tax: bool
    subtotal_amount: Amount
    tax_amount: Amount
    shipping_amount: Amount
    discount_amount: Amount
    total_amount: Amount
    shipping_address: dict[str, Any]
    billing_address: dict[str, Any]
    shipping_method: str | None
    coupon_code: str | None
    checkout_id: UUID | None
    customer_note: str | None
    placed_at: datetime
    reservation_expires_at: datetime | None
    confirmed_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancellation_reason: str | None


class OrderRead(OrderSummary):
    """An order as its placement answers it and as it is read later."""

    lines: list[OrderLineRead]


class HistoryRead(OutputModel):
    """One change of an order; where it was not the status, both statuses are the same."""

    id: UUID
    change: str
    from_status: str | None
    to_status: str
    note: str | None
    changed_by: UUID | None
    occurred_at: datetime


class HistoryList(OutputModel):
    """An order's history, oldest first."""

    items: list[HistoryRead]


class PaymentsSummary(OutputModel):
    """What was paid for an order and what went back."""

    payment_status: str
    due_amount: Amount
    captured_amount: Amount
    refunded_amount: Amount


class OrderDetail(OrderRead):
    """An order as staff and its customer read it; what was not asked for with `expand` is null."""

    internal_note: str | None = Field(description="For staff; null to a customer")
    history: list[HistoryRead] | None
    shipments: list[ShipmentRead] | None
    returns: list[ReturnRead] | None
    payments: PaymentsSummary | None
