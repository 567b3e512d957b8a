"""Bodies of the routes of companies."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import Amount, Flag, InputModel, OutputModel, Page, Rate, ShortText, Units

Minutes = Annotated[int, Field(strict=True, ge=1, le=7 * 24 * 60)]
AllocationStrategy = Literal["priority", "nearest", "most_stock"]
ValuationMethod = Literal["fifo", "average"]
Days = Annotated[int, Field(strict=True, ge=0, le=3650)]


class CompanySummary(OutputModel):
    """A company in a list."""

    id: UUID
    slug: str
    name: str
    roles: list[str]


CompanyPage = Page[CompanySummary]


class CompanyRead(OutputModel):
    """A company with its settings."""

    id: UUID
    name: str
    slug: str
    description: str | None
    logo_url: str | None
    branding: dict[str, Any]
    contact_email: str | None
    contact_phone: str | None
    website: str | None
    address: dict[str, Any]
    currency: str
    timezone: str
    tax_rate: Rate
    prices_include_tax: bool
    reservation_minutes: int
    cart_reservation_minutes: int
    return_window_days: int
    valuation_method: ValuationMethod
    over_receipt_percent: Amount
    allocation_strategy: AllocationStrategy
    planning_settings: dict[str, Any]
    subscription_plan: str
    subscription_status: str
    subscription_expires_at: datetime | None
    data_origin: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


class CompanySettingsUpdate(InputModel):
    """What is to change; what is left out stays. The currency is fixed once a company sells in it."""

    name: ShortText | None = None
    timezone: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    tax_rate: Annotated[Rate, Field(ge=Decimal(0), lt=Decimal(1))] | None = None
    prices_include_tax: Flag | None = None
    reservation_minutes: Minutes | None = None
    cart_reservation_minutes: Annotated[Units, Field(le=7 * 24 * 60)] | None = None
    return_window_days: Days | None = None
    valuation_method: ValuationMethod | None = None
    over_receipt_percent: Annotated[Amount, Field(ge=Decimal(0), le=Decimal(100))] | None = None
    allocation_strategy: AllocationStrategy | None = None
    planning_settings: Annotated[dict[str, Any], Field(max_length=50)] | None = None
