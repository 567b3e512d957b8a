"""What the routes of shipments, tracking and invoices take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, HttpUrl, StringConstraints, model_validator

from api.schemas import Amount, InputModel, Instant, OutputModel, PositiveUnits, PricedModel, ShortText

MOST_LINES = 100
TrackingStatus = Literal[
    "label_created",
    "picked_up",
    "in_transit",
    "out_for_delivery",
    "delivery_failed",
    "delivered",
    "returned_to_sender",
    "exception",
]
Note = Annotated[str, StringConstraints(max_length=2000)]
TrackingNumber = Annotated[str, StringConstraints(min_length=1, max_length=100)]
TrackingUrl = Annotated[HttpUrl, Field(max_length=2000)]


class LineUnitsInput(InputModel):
    """Units of a line of the order."""

    order_line_id: UUID
    quantity_units: PositiveUnits


class ShipmentCreate(InputModel):
    """What leaves. Without lines: all that is open (at the location, if one is named)."""

    location_id: UUID | None = Field(None, description="Where it is sent from; else wherever it is held")
    lines: Annotated[list[LineUnitsInput], Field(min_length=1, max_length=MOST_LINES)] | None = None
    carrier: ShortText | None = None
    tracking_number: TrackingNumber | None = None
    tracking_url: TrackingUrl | None = None
    estimated_delivery_at: Instant | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _name_each_line_once(self) -> Self:
        named = [line.order_line_id for line in self.lines or ()]
        if len(named) != len(set(named)):
            raise ValueError("name each order line once")
        return self


class ShipmentChange(InputModel):
    """Who carries a shipment and how it is followed; what is left out stays."""

    carrier: ShortText | None = None
    tracking_number: TrackingNumber | None = None
    tracking_url: TrackingUrl | None = None
    estimated_delivery_at: Instant | None = None
    note: Note | None = None


class TrackingEventCreate(InputModel):
    """What a carrier tells about a shipment."""

    status: TrackingStatus
    location: ShortText | None = None
    description: Note | None = None
    occurred_at: Instant | None = Field(None, description="Now, if left out; never later")


class ShipmentLineRead(OutputModel):
    order_line_id: UUID
    variant_id: UUID
    quantity_units: int


class TrackingEventRead(OutputModel):
    id: UUID
    status: TrackingStatus
    location: str | None
    description: str | None
    occurred_at: datetime


class ShipmentRead(OutputModel):
    """A shipment with its lines and what became of it, oldest first."""

    id: UUID
    order_id: UUID
    location_id: UUID
    shipment_number: str
    status: Literal["shipped", "delivered"]
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    estimated_delivery_at: datetime | None
    shipped_at: datetime
    delivered_at: datetime | None
    note: str | None
    lines: list[ShipmentLineRead]
    events: list[TrackingEventRead]


class ShipmentList(OutputModel):
    """An order's shipments, the first first."""

    items: list[ShipmentRead]


class TrackingRead(OutputModel):
    """Where an order is."""

    order_id: UUID
    order_number: str
    status: str
    shipping_method: str | None
    estimated_delivery_at: datetime | None = Field(description="Of the shipment that comes last")
    delivered_at: datetime | None
    shipments: list[ShipmentRead]


class InvoiceRead(PricedModel):
    """An invoice or a credit note; its document is the PDF."""

    id: UUID
    order_id: UUID
    kind: Literal["invoice", "credit_note"]
    invoice_number: str
    corrects_invoice_id: UUID | None
    currency: str
    net_amount: Amount
    tax_amount: Amount
    total_amount: Amount
    issued_date: date
    issued_at: datetime


class InvoiceList(OutputModel):
    """An order's invoice and its credit notes."""

    items: list[InvoiceRead]
