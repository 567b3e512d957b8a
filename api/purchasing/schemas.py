"""What the purchasing routes take and give."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import (
    Amount,
    CurrencyCode,
    Day,
    Flag,
    InputModel,
    Instant,
    OutputModel,
    PositiveUnits,
    PricedModel,
    ShortText,
    UnitAmount,
)

Note = Annotated[str, StringConstraints(max_length=2000)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$")]
Weekdays = Annotated[str, StringConstraints(pattern=r"^[1-7]{1,7}$")]
LeadTimeDays = Annotated[int, Field(strict=True, ge=0, le=730)]
UnitCost = Annotated[UnitAmount, Field(ge=0)]
Rate8 = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=8)]


class Address(InputModel):
    address_line: str | None = Field(default=None, max_length=255)
    city: str | None = Field(default=None, max_length=100)
    state: str | None = Field(default=None, max_length=100)
    postal_code: str | None = Field(default=None, max_length=20)
    country: str | None = Field(default=None, max_length=100)


class SupplierCreate(InputModel):
    code: Code
    name: ShortText
    currency: CurrencyCode
    contact_name: ShortText | None = None
    contact_email: ShortText | None = None
    contact_phone: ShortText | None = None
    address: Address = Address()
    quoted_lead_time_days: LeadTimeDays | None = None
    working_weekdays: Weekdays = "12345"
    minimum_order_amount: Annotated[Amount, Field(ge=0)] = Decimal(0)


class SupplierUpdate(InputModel):
    name: ShortText | None = None
    contact_name: ShortText | None = None
    contact_email: ShortText | None = None
    contact_phone: ShortText | None = None
    address: Address | None = None
    quoted_lead_time_days: LeadTimeDays | None = None
    working_weekdays: Weekdays | None = None
    minimum_order_amount: Annotated[Amount, Field(ge=0)] | None = None
    is_active: Flag | None = None


class SupplierRead(PricedModel):
    id: UUID
    code: str
    name: str
    currency: str
    contact_name: str | None
    contact_email: str | None
    contact_phone: str | None
    address: dict[str, Any]
    quoted_lead_time_days: int | None
    working_weekdays: str
    minimum_order_amount: Amount
    is_assumed: bool
    is_active: bool
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class SupplierPage(OutputModel):
    items: list[SupplierRead]
    next_cursor: str | None


class PriceBreak(InputModel):
    min_units: PositiveUnits
    unit_cost_amount: UnitCost


class TermsWrite(InputModel):
    supplier_sku: ShortText | None = None
    unit_cost_amount: UnitCost
    price_breaks: list[PriceBreak] = Field(default_factory=list, max_length=20)
    moq_units: PositiveUnits = 1
    pack_units: PositiveUnits = 1
    lead_time_days: LeadTimeDays | None = None
    is_preferred: Flag = False


class TermsRead(PricedModel):
    supplier_id: UUID
    variant_id: UUID
    supplier_sku: str | None
    unit_cost_amount: UnitAmount
    currency: str
    price_breaks: list[dict[str, Any]]
    moq_units: int
    pack_units: int
    lead_time_days: int | None
    is_preferred: bool
    is_assumed: bool


class TermsList(OutputModel):
    items: list[TermsRead]


class RestockLineCreate(InputModel):
    variant_id: UUID
    ordered_units: PositiveUnits


class RestockOrderCreate(InputModel):
    supplier_id: UUID
    location_id: UUID
    lines: Annotated[list[RestockLineCreate], Field(min_length=1, max_length=5000)]
    expected_date: Day | None = None
    note: Note | None = None
    quantity_rule: Literal["refuse", "round_up"] = Field(
        "refuse",
        description="A quantity below the supplier's minimum or between packs: refuse it, or raise it",
    )
    # Needed when the supplier's currency is not the company's: company currency per supplier currency.
    exchange_rate: Rate8 | None = None
    exchange_rate_date: Day | None = None


class RestockOrderUpdate(InputModel):
    """What is to change; what is left out stays. Lines replace all lines, while the order is a draft."""

    expected_date: Day | None = None
    note: Note | None = None
    lines: Annotated[list[RestockLineCreate], Field(min_length=1, max_length=5000)] | None = None
    quantity_rule: Literal["refuse", "round_up"] = "refuse"


class Reason(InputModel):
    reason: ShortText


class ReceiptLineCreate(InputModel):
    line_id: UUID
    received_units: PositiveUnits


class ReceiptCreate(InputModel):
    lines: Annotated[list[ReceiptLineCreate], Field(min_length=1, max_length=5000)]
    received_at: Instant | None = None
    note: Note | None = None


class RestockLineRead(OutputModel):
    id: UUID
    line_number: int
    variant_id: UUID
    sku: str
    product_name: str
    supplier_sku: str | None
    ordered_units: int
    requested_units: int | None
    received_units: int
    open_units: int
    unit_cost_amount: UnitAmount
    unit_cost_company_amount: UnitAmount
    line_amount: Amount
    proposal_id: UUID | None


RestockStatus = Literal[
    "draft", "approved", "sent", "partly_received", "received", "closed_short", "cancelled"
]


class RestockOrderSummary(PricedModel):
    id: UUID
    restock_number: str
    supplier_id: UUID
    supplier_name: str
    location_id: UUID
    status: RestockStatus
    currency: str
    exchange_rate: Decimal
    exchange_rate_date: date | None
    total_amount: Amount
    total_company_amount: Amount
    expected_date: date | None
    note: str | None
    source: str
    plan_run_id: str | None
    is_assumed: bool
    created_at: datetime
    approved_at: datetime | None
    sent_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    cancellation_reason: str | None
    closing_reason: str | None
    is_late: bool
    days_late: int


class OrderWarningRead(OutputModel):
    """Something that is allowed and that a buyer should see."""

    code: Literal["below_minimum_order", "quantity_rounded_up", "cheaper_with_more"]
    detail: str
    line_number: int | None


class RestockOrderRead(RestockOrderSummary):
    lines: list[RestockLineRead]
    warnings: list[OrderWarningRead]


class RestockOrderPage(OutputModel):
    items: list[RestockOrderSummary]
    next_cursor: str | None


class ReceiptLineRead(OutputModel):
    """Units of a line that came."""

    restock_order_line_id: UUID
    variant_id: UUID
    sku: str
    product_name: str
    received_units: int
    unit_cost_amount: UnitAmount


class ReceiptRead(OutputModel):
    """Goods that came in one go for a restock order."""

    id: UUID
    restock_order_id: UUID
    restock_number: str
    supplier_id: UUID
    supplier_name: str
    # The supplier's, in which its goods are paid.
    currency: str
    location_id: UUID
    received_at: datetime
    received_by: UUID | None
    note: str | None
    lines: list[ReceiptLineRead]


class ReceiptPage(OutputModel):
    items: list[ReceiptRead]
    next_cursor: str | None


class LeadTimes(OutputModel):
    """Days from sending to arrival, each unit counted once; null: nothing came yet."""

    mean_days: float | None
    median_days: int | None
    p90_days: int | None
    longest_days: int | None


class PerformanceRead(OutputModel):
    """How a supplier delivered what was sent to it in a period, by units."""

    supplier_id: UUID
    from_date: date
    to_date: date
    quoted_lead_time_days: int | None
    orders: int
    open_orders: int
    late_orders: int
    ordered_units: int
    received_units: int
    fill_ratio: float | None = Field(description="Received share of what was ordered, over-receipts left out")
    on_time_ratio: float | None = Field(
        description="Share of the units due by now that came by their expected day; null: none was due"
    )
    lead_time: LeadTimes
    lead_time_working_days: LeadTimes
    is_complete: bool = Field(description="False: only the newest lines were read")
