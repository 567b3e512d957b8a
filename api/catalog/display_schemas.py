"""What the routes of tags, size charts and banners take and give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api.catalog.schemas import DisplayOrder
from api.media.schemas import WebUrl
from api.schemas import Flag, InputModel, OutputModel, ShortText
from api.schemas import Instant as AnyInstant

Gender = Literal["male", "female", "unisex"]
Position = Literal["home", "collection", "category", "product", "checkout"]
TagName = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Subtitle = Annotated[str, StringConstraints(max_length=500)]
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[AnyInstant, Field(ge=_FIRST, le=_LAST)]
_Label = Annotated[str, StringConstraints(min_length=1, max_length=50)]
_Measure = Annotated[str, StringConstraints(max_length=50)]
_Measures = Annotated[dict[_Label, _Measure], Field(max_length=50)]
# By size: {"M": {"chest_cm": "96-101", "chest_inch": "38-40"}}.
Measurements = Annotated[dict[_Label, _Measures], Field(max_length=100)]


class TagCreate(InputModel):
    name: TagName = Field(description="Unique in the company, whatever its capital letters")


class TagUpdate(InputModel):
    name: TagName


class TagRead(OutputModel):
    id: UUID
    name: str
    slug: str
    product_count: int
    created_at: datetime
    updated_at: datetime


class SizeChartFields(InputModel):
    category_id: UUID | None = Field(None, description="Left out: where no category has a chart of its own")
    image_cm_url: WebUrl | None = None
    image_inch_url: WebUrl | None = None


class SizeChartCreate(SizeChartFields):
    name: ShortText
    gender: Gender = "unisex"
    measurements: Measurements = Field(default_factory=dict)
    is_active: Flag = True


class SizeChartUpdate(SizeChartFields):
    """Changes; what is left out stays."""

    name: ShortText | None = None
    gender: Gender | None = None
    measurements: Measurements | None = None
    is_active: Flag | None = None


class SizeChartRead(OutputModel):
    id: UUID
    category_id: UUID | None
    name: str
    gender: Gender
    image_cm_url: str | None
    image_inch_url: str | None
    measurements: dict[str, Any]
    is_active: bool
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class BannerFields(InputModel):
    shop_id: UUID | None = Field(None, description="Shown in this shop only; left out: in all")
    category_id: UUID | None = Field(None, description="Shown with this category")
    subtitle: Subtitle | None = None
    link_url: WebUrl | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = Field(None, description="The first instant at which it is gone")


class BannerCreate(BannerFields):
    title: ShortText
    image_url: WebUrl
    position: Position = "home"
    product_ids: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list)
    display_order: DisplayOrder = 0
    is_active: Flag = True


class BannerUpdate(BannerFields):
    """Changes; what is left out stays."""

    title: ShortText | None = None
    image_url: WebUrl | None = None
    position: Position | None = None
    product_ids: Annotated[list[UUID], Field(max_length=50)] | None = None
    display_order: DisplayOrder | None = None
    is_active: Flag | None = None


class BannerRead(OutputModel):
    id: UUID
    shop_id: UUID | None
    category_id: UUID | None
    title: str
    subtitle: str | None
    image_url: str
    link_url: str | None
    position: Position
    product_ids: list[UUID]
    display_order: int
    is_active: bool
    valid_from: datetime | None
    valid_until: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
