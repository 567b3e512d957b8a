"""What the routes of returns take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.schemas import Amount, InputModel, OutputModel, PositiveUnits, PricedModel, UnitAmount, Units

MOST_LINES = 100
ReturnStatus = Literal["requested", "approved", "rejected", "received", "refunded"]
Note = Annotated[str, StringConstraints(max_length=2000)]


class ReturnLineCreate(InputModel):
    """Units of an order line that should go back, and why."""

    order_line_id: UUID
    quantity_units: PositiveUnits
    reason: Note | None = None


class ReturnCreate(InputModel):
    """What of an order should go back. Without lines: all that may."""

    reason: Note | None = None
    lines: Annotated[list[ReturnLineCreate], Field(min_length=1, max_length=MOST_LINES)] | None = None

    @model_validator(mode="after")
    def _name_each_line_once(self) -> Self:
        named = [line.order_line_id for line in self.lines or ()]
        if len(named) != len(set(named)):
            raise ValueError("name each order line once")
        return self


class ReturnDecision(InputModel):
    """Why a return is approved or rejected."""

    note: Note | None = None


class ReceivedLine(InputModel):
    """What came of a line, and what became of each unit."""

    return_line_id: UUID
    restocked_units: Units
    written_off_units: Units


class ReturnReceipt(InputModel):
    """What came; lines that are left out did not come."""

    location_id: UUID | None = Field(None, description="Where it came to; else the shop's first location")
    lines: Annotated[list[ReceivedLine], Field(min_length=1, max_length=MOST_LINES)]

    @model_validator(mode="after")
    def _name_each_line_once(self) -> Self:
        named = [line.return_line_id for line in self.lines]
        if len(named) != len(set(named)):
            raise ValueError("name each return line once")
        return self


class ReturnRefund(InputModel):
    """What is paid back; what the units were paid with, if left out."""

    refund_amount: Annotated[Amount, Field(ge=0)] | None = None
    note: Note | None = None


class ReturnLineRead(OutputModel):
    id: UUID
    order_line_id: UUID | None
    variant_id: UUID
    quantity_units: int
    unit_price_amount: UnitAmount
    refund_amount: Amount
    disposition: Literal["restocked", "written_off", "unknown"]
    reason: str | None


class ReturnRead(PricedModel):
    """A return with its lines; from its receipt on, one line per line and disposition."""

    id: UUID
    order_id: UUID | None
    shop_id: UUID
    customer_id: UUID | None
    status: ReturnStatus
    reason: str | None
    decision_note: str | None
    currency: str
    refund_amount: Amount
    refunded_amount: Amount | None
    refund_id: UUID | None
    location_id: UUID | None
    requested_at: datetime | None
    decided_at: datetime | None
    received_at: datetime | None
    refunded_at: datetime | None
    lines: list[ReturnLineRead]


class ReturnList(OutputModel):
    """An order's returns, the first first."""

    items: list[ReturnRead]
