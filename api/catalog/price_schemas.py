"""What the routes of planned and past prices take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.catalog.display_schemas import Instant
from api.catalog.schemas import Price
from api.schemas import InputModel, OutputModel, UnitAmount

ScheduleState = Literal["planned", "in_force", "ended", "cancelled"]


class PriceScheduleCreate(InputModel):
    """A price from an instant on, and until another: a regular price, a sale price, or both."""

    price_amount: Price | None = Field(None, description="Regular price meanwhile; left out: the product's")
    sale_price_amount: Price | None = Field(None, description="Below the regular price")
    starts_at: Instant
    ends_at: Instant | None = Field(None, description="The first instant of the old price again")
    note: Annotated[str, StringConstraints(max_length=500)] | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.price_amount is None and self.sale_price_amount is None:
            raise ValueError("name a price or a sale price")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("it ends before it starts")
        return self


class PriceScheduleRead(OutputModel):
    id: UUID
    product_id: UUID
    currency: str
    price_amount: UnitAmount | None
    sale_price_amount: UnitAmount | None
    starts_at: datetime
    ends_at: datetime | None
    note: str | None
    state: ScheduleState
    cancelled_at: datetime | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


class PriceScheduleList(OutputModel):
    items: list[PriceScheduleRead]


class PriceHistoryRead(OutputModel):
    """What a variant sold for from an instant on."""

    id: UUID
    variant_id: UUID
    sku: str
    currency: str
    unit_price_amount: UnitAmount
    regular_price_amount: UnitAmount
    valid_from: datetime
    reason: str | None
    changed_by: UUID | None


class CostHistoryRead(OutputModel):
    """What a variant cost us from an instant on."""

    id: UUID
    variant_id: UUID
    sku: str
    currency: str
    unit_cost_amount: UnitAmount | None
    valid_from: datetime
    is_assumed: bool
    reason: str | None
    changed_by: UUID | None
