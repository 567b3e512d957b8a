"""The filters of the product list, as query parameters."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.catalog.display_schemas import Gender
from api.catalog.queries import ProductFilter
from api.catalog.schemas import Price, ProductStatus, Sku
from api.errors import InvalidContent
from api.schemas import Instant, ShortText

_EQUAL = (
    "status", "shop_id", "seller_user_id", "sku", "brand", "collection", "material", "subcategory", "gender",
    "is_featured", "is_new_arrival", "is_active",
)  # fmt: skip
_RANGES = {
    "price_gte": ("price_amount", "gte"),
    "price_lte": ("price_amount", "lte"),
    "rating_gte": ("rating_average", "gte"),
    "created_gte": ("created_at", "gte"),
    "created_lt": ("created_at", "lt"),
    "updated_gte": ("updated_at", "gte"),
    "updated_lt": ("updated_at", "lt"),
}
Specification = Annotated[str, StringConstraints(min_length=3, max_length=401, pattern=r"^[^:]+:.+$")]


class ProductQuery(BaseModel):
    """Which products a reader wants."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    status: ProductStatus | None = None
    category_id: UUID | None = None
    has_subcategories: bool = Field(False, description="Products in what lies inside the category too")
    shop_id: UUID | None = None
    seller_user_id: UUID | None = None
    sku: Sku | None = None
    brand: ShortText | None = None
    subcategory: ShortText | None = None
    collection: ShortText | None = None
    material: ShortText | None = None
    gender: Gender | None = None
    tag: ShortText | None = None
    specification: list[Specification] = Field(
        default_factory=list, max_length=10, description="name:value, all of them"
    )
    is_featured: bool | None = None
    is_new_arrival: bool | None = None
    is_active: bool | None = None
    price_gte: Price | None = Field(None, alias="price_amount[gte]")
    price_lte: Price | None = Field(None, alias="price_amount[lte]")
    rating_gte: Annotated[Decimal, Field(ge=0, le=5)] | None = Field(None, alias="rating_average[gte]")
    created_gte: Instant | None = Field(None, alias="created_at[gte]")
    created_lt: Instant | None = Field(None, alias="created_at[lt]")
    updated_gte: Instant | None = Field(None, alias="updated_at[gte]")
    updated_lt: Instant | None = Field(None, alias="updated_at[lt]")
    q: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="In name, SKU or brand"
    )
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None, description="next_cursor of the page before, with the same filters"
    )
    limit: int = Field(50, ge=1, le=100, description="Items on a page")

    def filter(self, visible: ProductFilter) -> ProductFilter:
        """Narrow what the caller may see to what they want."""
        if self.price_gte is not None and self.price_lte is not None and self.price_gte > self.price_lte:
            raise InvalidContent("The range is the wrong way round.", pointer="/query/price_amount[gte]")
        equal = [(name, getattr(self, name)) for name in _EQUAL]
        ranges = [(column, how, getattr(self, name)) for name, (column, how) in _RANGES.items()]
        pairs = [text.partition(":") for text in self.specification]
        return ProductFilter(
            is_public=visible.is_public,
            shop_ids=visible.shop_ids,
            category_id=self.category_id,
            has_subcategories=self.has_subcategories,
            words=self.q,
            tag=self.tag,
            equal=tuple((name, value) for name, value in equal if value is not None),
            ranges=tuple(_range(*one) for one in ranges if one[2] is not None),
            specifications=tuple((name, value) for name, _, value in pairs),
        )


def _range(column: str, how: str, value: Any) -> tuple[str, str, Any]:
    if isinstance(value, datetime) and not 1900 <= value.year <= 2200:
        raise InvalidContent("The instant is out of range.", pointer=f"/query/{column}[{how}]")
    return column, how, value


ProductQueries = Annotated[ProductQuery, Query()]
