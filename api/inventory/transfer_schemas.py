"""What the routes of transfers take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import Day, InputModel, OutputModel, Page, PositiveUnits, ShortText

TransferStatus = Literal["draft", "sent", "partly_received", "received", "cancelled"]
Note = Annotated[str, StringConstraints(max_length=2000)]
ArrivedUnits = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class TransferLineCreate(InputModel):
    """Units of a variant that are to move."""

    variant_id: UUID
    units: PositiveUnits


class TransferCreate(InputModel):
    """Stock that is to move from one location to another; nothing moves before it is sent."""

    from_location_id: UUID
    to_location_id: UUID
    lines: Annotated[list[TransferLineCreate], Field(min_length=1, max_length=1000)]
    expected_date: Day | None = None
    note: Note | None = None


class ArrivalLine(InputModel):
    """What came of a line, and what is known not to come any more."""

    line_id: UUID
    received_units: ArrivedUnits = 0
    lost_units: ArrivedUnits = 0


class Arrival(InputModel):
    """What arrived of a transfer, all or some."""

    lines: Annotated[list[ArrivalLine], Field(min_length=1, max_length=1000)]


class TransferCancel(InputModel):
    """Why a transfer is cancelled."""

    reason: ShortText


class TransferLineRead(OutputModel):
    """Units of a variant: sent, arrived, lost, and still on their way."""

    id: UUID
    line_number: int
    variant_id: UUID
    sku: str
    product_name: str
    units: int
    received_units: int
    lost_units: int
    in_transit_units: int


class TransferSummary(OutputModel):
    """A transfer without its lines."""

    id: UUID
    transfer_number: str
    from_location_id: UUID
    to_location_id: UUID
    status: TransferStatus
    expected_date: date | None
    note: str | None
    sent_at: datetime | None
    closed_at: datetime | None
    cancellation_reason: str | None
    created_at: datetime


class TransferRead(TransferSummary):
    """A transfer with its lines."""

    lines: list[TransferLineRead]


TransferPage = Page[TransferSummary]
