"""What the wishlist routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.schemas import Flag, InputModel, OutputModel, PositiveUnits, PricedModel, UnitAmount

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Notes = Annotated[str, StringConstraints(max_length=1000)]
Priority = Annotated[int, Field(strict=True, ge=1, le=5, description="1 low, 5 high")]
ShareToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class WishlistCreate(InputModel):
    """A new list; the first one is the default."""

    name: Name
    is_default: Flag = False


class WishlistUpdate(InputModel):
    """What is to change; what is left out stays. Another list becomes the default, none never."""

    name: Name | None = None
    is_default: Literal[True] | None = None


class WishlistItemCreate(InputModel):
    """A product, or one of its variants; what is on the list already keeps its place."""

    product_id: UUID | None = None
    variant_id: UUID | None = None
    priority: Priority = 3
    notes: Notes | None = None

    @model_validator(mode="after")
    def _name_something(self) -> Self:
        if self.product_id is None and self.variant_id is None:
            raise ValueError("name the product by product_id, or its variant by variant_id")
        return self


class WishlistItemUpdate(InputModel):
    """What is to change; what is left out stays, null takes notes back."""

    priority: Priority | None = None
    notes: Notes | None = None


class WishlistItemMove(InputModel):
    """How much of it goes into the cart, from which shop, and which variant if the list names none."""

    variant_id: UUID | None = None
    shop_id: UUID | None = Field(None, description="Needed unless a storefront's key names the shop")
    quantity_units: PositiveUnits = 1


class SharedItemRead(PricedModel):
    """Something on a list, at the price of now (of a product: its lowest); ``is_sold``: still for sale."""

    id: UUID
    product_id: UUID
    variant_id: UUID | None
    sku: str
    product_name: str
    product_slug: str
    variant_name: str | None
    image_url: str | None
    currency: str
    unit_price_amount: UnitAmount | None
    is_sold: bool
    is_available: bool
    priority: int
    added_at: datetime


class WishlistItemRead(SharedItemRead):
    """Something on my list."""

    notes: str | None


class WishlistSummary(OutputModel):
    """A list without what is on it."""

    id: UUID | None
    name: str
    is_default: bool
    is_public: bool
    share_token: str | None
    item_count: int
    created_at: datetime | None
    updated_at: datetime | None


class WishlistRead(WishlistSummary):
    """A list, the most wanted first; ``id`` is null for a default list on which nothing was put yet."""

    items: list[WishlistItemRead]


class SharedWishlistRead(OutputModel):
    """A public list as others see it: without its owner and without notes."""

    name: str
    items: list[SharedItemRead]
