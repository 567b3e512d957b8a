"""What the analytics routes give. Money is in the company's currency, which every answer names."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from api.published import BuildRead
from api.schemas import Amount, OutputModel, PricedModel


class PeriodRead(OutputModel):
    """Days in the company's time zone, both included."""

    first_date: date
    last_date: date


class SellerRead(OutputModel):
    product_id: str
    sku: str
    product_name: str
    units: int
    net_sales_amount: Amount
    margin_amount: Amount


class Report(PricedModel):
    build: BuildRead
    covered_from: date | None = Field(description="Day of the first sale; before it nothing is known")
    covered_to: date = Field(description="Last day that the build knows of")
    currency: str
    timezone: str


class MetricRead(OutputModel):
    """What a figure means, and what it can be asked by."""

    name: str
    title: str
    definition: str
    formula: str
    # Of the rows that it is summed from.
    grain: str
    time_column: str
    # What is left out, in words; empty if nothing is.
    filters: str
    unit: str
    format: str
    good_direction: str
    dimensions: list[str]


class MetricList(OutputModel):
    items: list[MetricRead]
