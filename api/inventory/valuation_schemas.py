"""What the valuation of stock answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, PlainSerializer

from api.schemas import OutputModel, PricedModel

ValuationMethod = Literal["fifo", "average"]
Value = Annotated[
    Decimal,
    Field(description="Exact to six decimals, in the company's currency", examples=["1234.500000"]),
    PlainSerializer(lambda value: f"{value:.6f}", return_type=str, when_used="json"),
]


class Valuation(OutputModel):
    """Opening + received − sold + adjusted + transferred = closing, in units and in value.

    ``sold_amount`` is the cost of goods sold, less what came back; transfers cancel out over all locations.
    """

    opening_units: int
    opening_amount: Value
    received_units: int
    received_amount: Value
    sold_units: int
    sold_amount: Value
    adjusted_units: int
    adjusted_amount: Value
    transferred_units: int
    transferred_amount: Value
    closing_units: int
    closing_amount: Value


class LevelValuation(Valuation):
    """The values of a variant at a location."""

    location_id: UUID
    location_name: str
    variant_id: UUID
    sku: str
    product_name: str


class ValuationRead(PricedModel):
    """Values by location and variant, and of all of them together."""

    method: ValuationMethod
    currency: str
    from_date: date | None
    as_of_date: date | None
    totals: Valuation
    items: list[LevelValuation]
    next_cursor: str | None
