"""What the inventory routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import InputModel, OutputModel, UnitAmount, Units

StockStatus = Literal["in_stock", "low_stock", "out_of_stock"]
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
    """A correction of what is on hand, with its reason."""

    location_id: UUID
    variant_id: UUID
    delta_units: Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]
    reason: Literal["adjustment", "write_off", "count", "return", "opening"]
    expected_on_hand_units: Units | None = Field(
        None, description="What is on hand now, as far as you know; if it is another, nothing changes (409)"
    )
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None


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
    unit_cost_amount: UnitAmount | None
    note: str | None
    is_assumed: bool
    actor_user_id: UUID | None
    occurred_at: datetime
