"""What the inventory routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.schemas import Flag, InputModel, OutputModel, UnitAmount, Units

StockStatus = Literal["in_stock", "low_stock", "out_of_stock"]
ReservationStatus = Literal["live", "consumed", "released", "expired"]
ReservationOwner = Literal["order", "cart"]
LedgerReason = Literal[
    "opening",
    "sale",
    "receipt",
    "return",
    "adjustment",
    "write_off",
    "transfer_out",
    "transfer_in",
    "count",
]


class AdjustmentCreate(InputModel):
    """A correction of what is on hand, with its reason: by so many units, or to so many.

    To so many (``on_hand_units``) is compare-and-set: it needs ``expected_on_hand_units``.
    """

    location_id: UUID
    variant_id: UUID
    delta_units: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)] | None = None
    on_hand_units: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None = None
    reason: Literal["adjustment", "write_off", "count", "return", "opening"]
    expected_on_hand_units: Units | None = Field(
        None, description="What is on hand now, as far as you know; if it is another, nothing changes (409)"
    )
    unit_cost_amount: Annotated[UnitAmount, Field(ge=0)] | None = Field(
        None, description="What one of the added units cost; without it, as the last ones that came"
    )
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.delta_units is None) == (self.on_hand_units is None):
            raise ValueError("send delta_units or on_hand_units, one of them")
        if self.on_hand_units is not None and self.expected_on_hand_units is None:
            raise ValueError("on_hand_units needs expected_on_hand_units")
        return self


class PolicyUpdate(InputModel):
    """What is to change; what is left out stays."""

    low_stock_threshold_units: Units | None = None
    allow_backorder: Flag | None = None


class PolicyRead(OutputModel):
    """When a variant is low at a location, and whether more may be promised than is there."""

    location_id: UUID
    variant_id: UUID
    low_stock_threshold_units: int
    allow_backorder: bool


class ReservationRead(OutputModel):
    """Units promised at a location, to whom and until when."""

    id: UUID
    location_id: UUID
    variant_id: UUID
    sku: str
    product_name: str
    owner_type: ReservationOwner
    owner_id: UUID
    owner_line_id: UUID | None
    reserved_units: int
    shortfall_units: int
    status: ReservationStatus
    expires_at: datetime | None
    created_at: datetime
    closed_at: datetime | None


class LevelRead(OutputModel):
    """Stock of a variant at a location."""

    location_id: UUID
    location_name: str
    variant_id: UUID
    sku: str
    product_name: str
    variant_name: str | None
    on_hand_units: int
    reserved_units: int
    available_units: int
    low_stock_threshold_units: int
    allow_backorder: bool
    stock_status: StockStatus
    last_restocked_at: datetime | None
    updated_at: datetime


class MovementRead(OutputModel):
    """A row of the ledger."""

    id: UUID
    location_id: UUID
    variant_id: UUID
    delta_units: int
    reason: LedgerReason
    reference_type: str | None
    reference_id: UUID | None
    currency: str
    unit_cost_amount: UnitAmount | None
    note: str | None
    is_assumed: bool
    actor_user_id: UUID | None
    occurred_at: datetime
