"""What the routes of tax rates take and give."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import InputModel, Instant, OutputModel, Rate, ShortText

PlaceName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
TaxShare = Annotated[Rate, Field(ge=0, lt=Decimal(1), description="Share of the net amount: 0.19 is 19 %")]


class TaxRateFields(InputModel):
    country: PlaceName | None = Field(None, description="As in addresses; left out: everywhere")
    region: PlaceName | None = Field(None, description="State or province of that country")
    category_id: UUID | None = Field(None, description="With its subcategories; left out: all goods")
    valid_until: Instant | None = Field(None, description="First instant when it no longer holds")


class TaxRateCreate(TaxRateFields):
    """A rate for a category, a place, or both. Whether prices include it is the company's setting."""

    name: ShortText
    rate: TaxShare
    valid_from: Instant | None = Field(None, description="Left out: from now on")


class TaxRateUpdate(TaxRateFields):
    """Changes; what is left out stays."""

    name: ShortText | None = None
    rate: TaxShare | None = None
    valid_from: Instant | None = None


class TaxRateRead(OutputModel):
    id: UUID
    name: str
    country: str | None
    region: str | None
    category_id: UUID | None
    rate: Rate
    valid_from: Instant
    valid_until: Instant | None
    created_at: Instant
    updated_at: Instant
