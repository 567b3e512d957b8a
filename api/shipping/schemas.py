"""What the shipping routes take and give."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.places import normal_name
from api.schemas import Amount, Flag, InputModel, Instant, OutputModel, PositiveUnits, PricedModel, ShortText
from api.shipping.rules import NUMBER_PLACEHOLDER

MOST_AREAS = 20_000
MOST_BANDS = 100
MOST_LINES = 100

Code = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$")]
Fee = Annotated[Amount, Field(ge=0)]
Days = Annotated[int, Field(strict=True, ge=0, le=365)]
Bound = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=3, examples=["5.000"])]
Priority = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Note = Annotated[str, StringConstraints(max_length=2000)]
PlaceName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PostalText = Annotated[str, StringConstraints(min_length=1, max_length=20)]
ShippingClass = Literal["standard", "express", "overnight"]
RateBasis = Literal["weight", "goods_value"]
Classes = Annotated[list[ShippingClass], Field(min_length=1, max_length=3)]
TrackingTemplate = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^https?://[^\s]*\{tracking_number\}[^\s]*$"),
    Field(description=f"Address to follow a parcel at, with {NUMBER_PLACEHOLDER} for its number"),
]


def _every_class() -> list[ShippingClass]:
    return ["standard", "express", "overnight"]


class CarrierCreate(InputModel):
    code: Code
    name: ShortText
    tracking_url_template: TrackingTemplate | None = None
    is_active: Flag = True


class CarrierUpdate(InputModel):
    """Changes; what is left out stays."""

    code: Code | None = None
    name: ShortText | None = None
    tracking_url_template: TrackingTemplate | None = None
    is_active: Flag | None = None


class CarrierRead(OutputModel):
    id: UUID
    code: str
    name: str
    tracking_url_template: str | None
    is_active: bool
    created_at: Instant
    updated_at: Instant


class MethodFields(InputModel):
    carrier_id: UUID | None = None
    description: Note | None = None
    free_from_amount: Fee | None = Field(None, description="Goods from this value on ship free")
    display_order: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0


class MethodCreate(MethodFields):
    """A way to ship. It is offered in the zones for which it gets a tariff."""

    code: Code
    name: ShortText
    shop_id: UUID | None = Field(None, description="One shop's own; left out: of every shop")
    rate_basis: RateBasis = Field("weight", description="Bands begin at kilograms, or at a value of goods")
    base_amount: Fee = Field(Decimal(0), description="Charged beside the band's amount")
    can_be_free: Flag = Field(True, description="Goods that ship free and coupons make it free")
    shipping_classes: Classes = Field(default_factory=_every_class)
    estimated_days_min: Days
    estimated_days_max: Days
    is_active: Flag = True

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.estimated_days_min > self.estimated_days_max:
            raise ValueError("estimated_days_min is above estimated_days_max")
        return self


class MethodUpdate(MethodFields):
    """Changes; what is left out stays."""

    code: Code | None = None
    name: ShortText | None = None
    rate_basis: RateBasis | None = None
    base_amount: Fee | None = None
    can_be_free: Flag | None = None
    shipping_classes: Classes | None = None
    estimated_days_min: Days | None = None
    estimated_days_max: Days | None = None
    is_active: Flag | None = None


class BandWrite(InputModel):
    """From a bound on, up to the next band's; without an amount nothing is carried from here on."""

    from_bound: Bound
    amount: Fee | None


class BandRead(OutputModel):
    from_bound: Annotated[Decimal, Field(max_digits=14, decimal_places=3)]
    amount: Amount | None


class TariffWrite(InputModel):
    """What a method costs in a zone; days and threshold stand in for the method's where they are given."""

    bands: Annotated[list[BandWrite], Field(min_length=1, max_length=MOST_BANDS)]
    free_from_amount: Fee | None = None
    estimated_days_min: Days | None = None
    estimated_days_max: Days | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        first, last = self.estimated_days_min, self.estimated_days_max
        if (first is None) != (last is None):
            raise ValueError("give both estimated_days_min and estimated_days_max, or neither")
        if first is not None and last is not None and first > last:
            raise ValueError("estimated_days_min is above estimated_days_max")
        return self


class TariffRead(OutputModel):
    zone_id: UUID
    zone_name: str
    free_from_amount: Amount | None
    estimated_days_min: int | None
    estimated_days_max: int | None
    bands: list[BandRead]


class MethodSummary(PricedModel):
    id: UUID
    shop_id: UUID | None
    carrier_id: UUID | None
    carrier: str | None
    code: str
    name: str
    description: str | None
    rate_basis: RateBasis
    base_amount: Amount
    free_from_amount: Amount | None
    can_be_free: bool
    shipping_classes: list[ShippingClass]
    estimated_days_min: int
    estimated_days_max: int
    display_order: int
    is_active: bool
    currency: str
    created_at: Instant
    updated_at: Instant


class MethodRead(MethodSummary):
    """A method with its tariffs, by the zones' names."""

    tariffs: list[TariffRead]


class AreaWrite(InputModel):
    """A place: everywhere (nothing given), a country, a region of it, or postal codes of it."""

    country: PlaceName | None = None
    region: PlaceName | None = None
    postal_prefix: PostalText | None = Field(
        None, description="Codes that begin so; a whole code is one code"
    )
    postal_from: PostalText | None = Field(None, description="First code of a range; both ends equally long")
    postal_to: PostalText | None = None


class AreaRead(OutputModel):
    country: str | None
    region: str | None
    postal_prefix: str | None
    postal_from: str | None
    postal_to: str | None


Areas = Annotated[list[AreaWrite], Field(min_length=1, max_length=MOST_AREAS)]


class ZoneCreate(InputModel):
    """Places that cost the same. Of all zones the one that names a destination most closely holds."""

    name: ShortText
    shop_id: UUID | None = Field(None, description="One shop's own; left out: of every shop")
    priority: Priority = Field(0, description="Of equally close zones the lowest holds")
    is_active: Flag = True
    areas: Areas


class ZoneUpdate(InputModel):
    """Changes; what is left out stays. Areas are replaced as a whole."""

    name: ShortText | None = None
    priority: Priority | None = None
    is_active: Flag | None = None
    areas: Areas | None = None


class ZoneSummary(OutputModel):
    id: UUID
    shop_id: UUID | None
    name: str
    priority: int
    is_active: bool
    area_count: int
    created_at: Instant
    updated_at: Instant


class ZoneRead(ZoneSummary):
    areas: list[AreaRead]


class QuoteDestination(InputModel):
    """As much of an address as shipping looks at."""

    country: PlaceName
    state: PlaceName | None = None
    postal_code: PostalText | None = None

    @model_validator(mode="after")
    def _country_named(self) -> Self:
        if normal_name(self.country) is None:
            raise ValueError("name the country")
        return self


class QuoteLine(InputModel):
    variant_id: UUID
    quantity_units: PositiveUnits


class QuoteRequest(InputModel):
    """Goods of one shop and where they go. Weights and prices are ours: they are not taken from here."""

    lines: Annotated[list[QuoteLine], Field(min_length=1, max_length=MOST_LINES)]
    destination: QuoteDestination
    shop_id: UUID | None = Field(None, description="Needed unless a storefront's key names the shop")


class QuoteRead(PricedModel):
    method_id: UUID
    method_code: str
    name: str
    description: str | None
    carrier: str | None
    zone_id: UUID
    zone_name: str
    currency: str
    amount: Amount
    regular_amount: Amount
    free_because: Literal["goods", "threshold"] | None
    estimated_days_min: int
    estimated_days_max: int


class QuoteList(PricedModel):
    """What each method costs; empty where nothing ships these goods there."""

    items: list[QuoteRead]
    goods_amount: Amount
    weight_kg: Decimal
    currency: str
