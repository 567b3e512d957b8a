"""What the category routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from api.catalog.schemas import DisplayOrder, Labels, SeoText
from api.media.schemas import WebUrl
from api.schemas import Flag, InputModel, OutputModel, ShortText, Slug

CategoryName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Description = Annotated[str, StringConstraints(max_length=2000)]
Icon = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9 _:./-]+$")]


class CategoryFields(InputModel):
    parent_id: UUID | None = None
    description: Description | None = None
    image_url: WebUrl | None = None
    icon: Icon | None = Field(None, description="Name of an icon, or its address")
    seo_title: ShortText | None = None
    seo_description: SeoText | None = None


class CategoryCreate(CategoryFields):
    name: CategoryName = Field(description="Unique under its parent")
    slug: Slug | None = Field(None, description="Unique in the company; made from the name when left out")
    display_order: DisplayOrder = 0
    is_active: Flag = True
    seo_keywords: Labels = Field(default_factory=list)


class CategoryUpdate(CategoryFields):
    """Changes; what is left out stays. Another parent moves the category with all that lies inside it."""

    name: CategoryName | None = None
    slug: Slug | None = None
    display_order: DisplayOrder | None = None
    is_active: Flag | None = None
    is_archived: Flag | None = None
    seo_keywords: Labels | None = None


class CategoryRead(OutputModel):
    id: UUID
    parent_id: UUID | None
    name: str
    slug: str
    description: str | None
    image_url: str | None
    icon: str | None
    # From the root down to this one.
    path: list[UUID]
    level: int
    display_order: int
    # Published products directly in it.
    product_count: int
    is_active: bool
    seo_title: str | None
    seo_description: str | None
    seo_keywords: list[str]
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CategoryNode(OutputModel):
    """A category with those inside it."""

    id: UUID
    name: str
    slug: str
    image_url: str | None
    icon: str | None
    level: int
    # Published products in it and in all that lies inside it.
    total_product_count: int
    children: list[CategoryNode]


class CategoryTree(OutputModel):
    categories: list[CategoryNode]


class SpecificationValue(OutputModel):
    value: str
    product_count: int


class Specification(OutputModel):
    """A specification as a facet: its values, and how many published products have each."""

    name: str
    values: list[SpecificationValue]


class Specifications(OutputModel):
    items: list[Specification]
