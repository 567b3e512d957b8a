"""What the routes of locations take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.schemas import Flag, InputModel, Latitude, Longitude, OutputModel, Page, ShortText

LocationKind = Literal["warehouse", "shop", "in_transit"]
Code = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9._-]+$")]
Priority = Annotated[int, Field(strict=True, ge=0, le=1000, description="The smallest gives first")]


class LocationAddress(InputModel):
    """Where a location is."""

    address_line: str | None = Field(default=None, max_length=255)
    city: str | None = Field(default=None, max_length=100)
    state: str | None = Field(default=None, max_length=100)
    postal_code: str | None = Field(default=None, max_length=20)
    country: str | None = Field(default=None, max_length=100)


class LocationCreate(InputModel):
    """A place where stock lies. The one for units on their way makes itself."""

    code: Code
    name: ShortText
    kind: Literal["warehouse", "shop"] = "warehouse"
    address: LocationAddress = LocationAddress()
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    is_active: Flag = True


class LocationUpdate(InputModel):
    """What is to change; what is left out stays."""

    code: Code | None = None
    name: ShortText | None = None
    kind: Literal["warehouse", "shop"] | None = None
    address: LocationAddress | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    is_active: Flag | None = None


class ShopDraw(InputModel):
    """How a shop draws on a location."""

    priority: Priority = 1


class ShopDrawRead(OutputModel):
    """A shop that draws on the location; the smallest priority gives first."""

    shop_id: UUID
    priority: int


class LocationRead(OutputModel):
    """A location, and the shops that draw on it."""

    id: UUID
    code: str
    name: str
    kind: LocationKind
    address: dict[str, Any]
    latitude: float | None
    longitude: float | None
    is_active: bool
    shops: list[ShopDrawRead]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


LocationPage = Page[LocationRead]
