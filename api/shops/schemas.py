"""Bodies of the routes of shops and their storefront keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.schemas import InputModel, OutputModel, Page, ShortText


class ShopRead(OutputModel):
    """A shop of the company."""

    id: UUID
    name: str
    slug: str
    address_line: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    contact: dict[str, Any]
    operating_hours: list[Any]
    is_active: bool
    created_at: datetime
    updated_at: datetime


ShopPage = Page[ShopRead]


class StorefrontKeyCreate(InputModel):
    """What the key is for."""

    name: ShortText


class StorefrontKeyRead(OutputModel):
    """A storefront's key, of which only the beginning can be shown again."""

    id: UUID
    shop_id: UUID
    name: str
    key_prefix: str
    created_at: datetime
    revoked_at: datetime | None


class StorefrontKeyCreated(StorefrontKeyRead):
    """A new key: keep it, it is shown this once."""

    key: str


class StorefrontKeyList(OutputModel):
    """All keys of a shop, newest first."""

    items: list[StorefrontKeyRead]
