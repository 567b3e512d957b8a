"""The columns of a product file: one row per variant, with its product's columns beside its own.

An empty cell leaves what is there as it is; in a new product or variant it is the default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from api.catalog.schemas import (
    Image,
    Labels,
    Length,
    Modifier,
    Option,
    Price,
    ProductName,
    ProductStatus,
    SeoText,
    Sku,
    Weight,
)
from api.content import refuse_unstorable_text
from api.errors import UnstorableText
from api.media.schemas import WebUrl
from api.schemas import InputModel, LongText, ShortText, Slug
from core.cells import marked, unmarked

_LONGEST_CELL = 100_000


@dataclass(frozen=True)
class Column:
    """A column of the file that is stored as it is: its name there and in the table, its type and default."""

    name: str
    stored: str
    type: str
    default: str = "null"


def _columns(*listed: str) -> tuple[Column, ...]:
    """Read ``name, column of the table, type, default`` (null if left out)."""
    parts = [text.split() for text in listed]
    return tuple(Column(name, stored, kind, *default) for name, stored, kind, *default in parts)


PRODUCT_COLUMNS: Final = _columns(
    "name name text", "slug slug text", "short_description short_description text",
    "description description text ''", "subcategory subcategory text", "brand brand text",
    "collection collection text", "material material text", "gender gender text", "barcode barcode text",
    "price_amount price_amount numeric", "sale_price_amount sale_price_amount numeric",
    "compare_at_price_amount compare_at_price_amount numeric", "cost_amount cost_amount numeric",
    "images images jsonb '[]'", "specifications specifications jsonb '{}'", "weight_kg weight_kg numeric",
    "length_cm length_cm numeric", "width_cm width_cm numeric", "height_cm height_cm numeric",
    "has_free_shipping has_free_shipping boolean false", "shipping_class shipping_class text 'standard'",
    "estimated_delivery_days estimated_delivery_days integer", "seo_title seo_title text",
    "seo_description seo_description text", "seo_keywords seo_keywords jsonb '[]'", "tags tags jsonb '[]'",
    "product_options options jsonb '[]'", "is_featured is_featured boolean false",
    "is_new_arrival is_new_arrival boolean false", "is_active is_active boolean true",
    "status status text 'draft'",
)  # fmt: skip
VARIANT_COLUMNS: Final = _columns(
    "variant_name name text", "variant_barcode barcode text", "options options jsonb '{}'",
    "price_modifier_amount price_modifier_amount numeric 0", "variant_cost_amount cost_amount numeric",
    "variant_weight_kg weight_kg numeric", "variant_image_url image_url text",
    "display_order display_order integer 0", "variant_is_active is_active boolean true",
    "is_discontinued is_discontinued boolean false",
)  # fmt: skip
REFERENCES: Final = ("category", "shop", "related_skus")
FILE_COLUMNS: Final = (
    "sku",
    "product_sku",
    *(column.name for column in PRODUCT_COLUMNS),
    *REFERENCES,
    *(column.name for column in VARIANT_COLUMNS),
)


def _from_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        refuse_unstorable_text(value.encode())
        return json.loads(value)
    except (ValueError, RecursionError, UnstorableText):
        raise ValueError("is not JSON that can be stored") from None


def _from_list(value: object) -> object:
    if not isinstance(value, str) or value.startswith("["):
        return _from_json(value)
    return [part.strip() for part in value.split("|") if part.strip()]


Json = BeforeValidator(_from_json)
Listed = BeforeValidator(_from_list)
Count = Annotated[int, Field(ge=0, le=10_000)]


class ImportRow(InputModel):
    """One row of a file, checked by itself."""

    sku: Sku
    product_sku: Sku | None = None
    name: ProductName | None = None
    slug: Slug | None = None
    short_description: SeoText | None = None
    description: LongText | None = None
    subcategory: ShortText | None = None
    brand: ShortText | None = None
    collection: ShortText | None = None
    material: ShortText | None = None
    gender: Literal["male", "female", "unisex"] | None = None
    barcode: Sku | None = None
    price_amount: Price | None = None
    sale_price_amount: Price | None = None
    compare_at_price_amount: Price | None = None
    cost_amount: Price | None = None
    images: Annotated[list[Image], Field(max_length=30), Json] | None = None
    specifications: Annotated[dict[ShortText, ShortText], Field(max_length=100), Json] | None = None
    weight_kg: Weight | None = None
    length_cm: Length | None = None
    width_cm: Length | None = None
    height_cm: Length | None = None
    has_free_shipping: bool | None = None
    shipping_class: Literal["standard", "express", "overnight"] | None = None
    estimated_delivery_days: Annotated[int, Field(ge=0, le=365)] | None = None
    seo_title: ShortText | None = None
    seo_description: SeoText | None = None
    seo_keywords: Annotated[Labels, Listed] | None = None
    tags: Annotated[Labels, Listed] | None = None
    product_options: Annotated[list[Option], Field(max_length=10), Json] | None = None
    is_featured: bool | None = None
    is_new_arrival: bool | None = None
    is_active: bool | None = None
    status: ProductStatus | None = None
    category: Slug | None = None
    shop: Slug | None = None
    related_skus: Annotated[list[Sku], Field(max_length=50), Listed] | None = None
    variant_name: ShortText | None = None
    variant_barcode: Sku | None = None
    options: Annotated[dict[ShortText, ShortText], Field(max_length=20), Json] | None = None
    price_modifier_amount: Modifier | None = None
    variant_cost_amount: Price | None = None
    variant_weight_kg: Weight | None = None
    variant_image_url: WebUrl | None = None
    display_order: Count | None = None
    variant_is_active: bool | None = None
    is_discontinued: bool | None = None


def as_cell(value: Any) -> str | int | Decimal | None:
    """Write a value as a cell of text: numbers stay numbers, a text that looks like a formula is marked.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell(Decimal("-2.50")), as_cell(["a", "b"]), as_cell("plain")
    ("'=1+1", Decimal('-2.50'), 'a|b', 'plain')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | Decimal):
        return value
    if isinstance(value, Mapping) or not isinstance(value, str):
        return marked(_listed(value) if _is_plain_list(value) else json.dumps(value, ensure_ascii=False))
    return marked(value)


def from_cell(text: str) -> str | None:
    """Read a cell of text back; None: it is empty.

    Examples
    --------
    >>> from_cell("'=1+1"), from_cell("'Tis"), from_cell(" ")
    ('=1+1', "'Tis", None)
    """
    if not text.strip():
        return None
    if len(text) > _LONGEST_CELL:
        raise ValueError("a cell is too long")
    return unmarked(text)


def _is_plain_list(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and bool(value)
        and all(isinstance(one, str) and "|" not in one for one in value)
        and not value[0].startswith("[")
    )


def _listed(value: Any) -> str:
    return "|".join(value)
