"""What the catalogue routes take and give."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from api.media.schemas import WebUrl
from api.schemas import Flag, InputModel, LongText, OutputModel, PricedModel, ShortText, Slug, UnitAmount

MOST_VARIANTS = 100

ProductStatus = Literal["draft", "published", "archived"]
Sku = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Price = Annotated[UnitAmount, Field(ge=0, le=Decimal(1_000_000_000))]
Modifier = Annotated[UnitAmount, Field(ge=Decimal(-1_000_000_000), le=Decimal(1_000_000_000))]
Weight = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=3)]
Length = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]
DisplayOrder = Annotated[int, Field(strict=True, ge=0, le=10_000)]
ProductName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
SeoText = Annotated[str, StringConstraints(max_length=500)]
Labels = Annotated[list[ShortText], Field(max_length=50)]


class Image(InputModel):
    """A picture; of a product's pictures exactly one is the primary one, the first if none is named."""

    url: WebUrl
    alt: Annotated[str, StringConstraints(max_length=200)] = ""
    is_primary: Flag = False


class Option(InputModel):
    """What the variants differ in: ``{"name": "size", "values": ["S"], "price_modifiers": {"S": "2"}}``."""

    name: ShortText
    values: Annotated[list[ShortText], Field(min_length=1, max_length=100)]
    # Added to the price of variants with that value, when variants are generated.
    price_modifiers: dict[ShortText, Modifier] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_values(self) -> Option:
        if len(set(self.values)) < len(self.values):
            raise ValueError("a value comes twice")
        if not set(self.price_modifiers) <= set(self.values):
            raise ValueError("a price modifier names no value of the option")
        return self


class VariantFields(InputModel):
    name: ShortText | None = None
    barcode: Sku | None = None
    options: Annotated[dict[ShortText, ShortText], Field(max_length=20)] = Field(default_factory=dict)
    price_modifier_amount: Modifier = Decimal(0)
    cost_amount: Price | None = None
    weight_kg: Weight | None = None
    image_url: WebUrl | None = None
    display_order: DisplayOrder = 0
    is_active: Flag = True
    is_discontinued: Flag = False


class VariantCreate(VariantFields):
    sku: Sku


class VariantUpdate(VariantFields):
    """A change to the variant with this id; without an id, a new variant. What is left out stays."""

    id: UUID | None = None
    sku: Sku | None = None


class VariantPatch(InputModel):
    """Changes; what is left out stays."""

    sku: Sku | None = None
    name: ShortText | None = None
    barcode: Sku | None = None
    options: Annotated[dict[ShortText, ShortText], Field(max_length=20)] | None = None
    price_modifier_amount: Modifier | None = None
    cost_amount: Price | None = None
    weight_kg: Weight | None = None
    image_url: WebUrl | None = None
    display_order: DisplayOrder | None = None
    is_active: Flag | None = None
    is_discontinued: Flag | None = None


class ProductFields(InputModel):
    category_id: UUID | None = None
    seller_user_id: UUID | None = Field(None, description="Who of the company sells it")
    short_description: Annotated[str, StringConstraints(max_length=500)] | None = None
    description: LongText = ""
    subcategory: ShortText | None = None
    brand: ShortText | None = None
    collection: ShortText | None = None
    material: ShortText | None = None
    gender: Literal["male", "female", "unisex"] | None = None
    barcode: Sku | None = None
    sale_price_amount: Price | None = Field(None, description="Below the price; what it sells for now")
    compare_at_price_amount: Price | None = None
    cost_amount: Price | None = None
    images: Annotated[list[Image], Field(max_length=30)] = Field(default_factory=list)
    specifications: Annotated[dict[ShortText, ShortText], Field(max_length=100)] = Field(default_factory=dict)
    weight_kg: Weight | None = None
    length_cm: Length | None = None
    width_cm: Length | None = None
    height_cm: Length | None = None
    has_free_shipping: Flag = False
    shipping_class: Literal["standard", "express", "overnight"] = "standard"
    estimated_delivery_days: Annotated[int, Field(strict=True, ge=0, le=365)] | None = None
    seo_title: ShortText | None = None
    seo_description: SeoText | None = None
    seo_keywords: Labels = Field(default_factory=list)
    tags: Labels = Field(default_factory=list)
    options: Annotated[list[Option], Field(max_length=10)] = Field(default_factory=list)
    related_product_ids: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list)
    is_featured: Flag = False
    is_new_arrival: Flag = False
    is_active: Flag = True

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(image.is_primary for image in self.images) > 1:
            raise ValueError("one image is the primary one")
        names = [option.name for option in self.options]
        if len(set(names)) < len(names):
            raise ValueError("an option comes twice")
        return self


class ProductCreate(ProductFields):
    """A product; without variants it gets one, with the product's own SKU."""

    sku: Sku
    name: ProductName
    slug: Slug | None = Field(None, description="Made from the name and SKU when left out")
    shop_id: UUID | None = Field(None, description="Sold in this shop only; left out: in all")
    price_amount: Price
    status: Literal["draft", "published"] = "draft"
    variants: Annotated[list[VariantCreate], Field(max_length=MOST_VARIANTS)] = Field(default_factory=list)


class ProductUpdate(ProductFields):
    """Changes; what is left out stays."""

    name: ProductName | None = None
    slug: Slug | None = None
    price_amount: Price | None = None
    status: ProductStatus | None = None
    variants: Annotated[list[VariantUpdate], Field(max_length=MOST_VARIANTS)] | None = None


class VariantRead(OutputModel):
    id: UUID
    sku: str
    name: str | None
    barcode: str | None
    options: dict[str, Any]
    currency: str
    price_modifier_amount: UnitAmount
    unit_price_amount: UnitAmount
    regular_price_amount: UnitAmount
    # Null for customers and storefronts.
    unit_cost_amount: UnitAmount | None
    weight_kg: Decimal | None
    image_url: str | None
    display_order: int
    is_active: bool
    is_discontinued: bool
    is_sellable: bool
    available_units: int


class ProductSummary(PricedModel):
    """A product as it is listed: what it is, what it costs, and whether it is there."""

    id: UUID
    sku: str
    slug: str
    name: str
    short_description: str | None
    subcategory: str | None
    brand: str | None
    category_id: UUID | None
    seller_user_id: UUID | None
    shop_id: UUID | None
    images: list[Any]
    tags: list[str]
    currency: str
    price_amount: UnitAmount
    sale_price_amount: UnitAmount | None
    compare_at_price_amount: UnitAmount | None
    # What it sells for now, before a variant's modifier: scheduled prices count while they hold.
    current_price_amount: UnitAmount
    rating_average: Decimal
    rating_count: int
    status: ProductStatus
    is_featured: bool
    is_new_arrival: bool
    is_active: bool
    is_assumed: bool
    published_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    # Of all its variants, where the shops in question draw on.
    available_units: int
    variants: list[VariantRead]


class ProductRead(ProductSummary):
    """A product with everything that describes it."""

    description: str
    collection: str | None
    material: str | None
    gender: str | None
    barcode: str | None
    cost_amount: UnitAmount | None
    specifications: dict[str, Any]
    weight_kg: Decimal | None
    length_cm: Decimal | None
    width_cm: Decimal | None
    height_cm: Decimal | None
    has_free_shipping: bool
    shipping_class: str
    estimated_delivery_days: int | None
    seo_title: str | None
    seo_description: str | None
    seo_keywords: list[str]
    options: list[Any]
    related_product_ids: list[UUID]
    sold_units: int
    view_count: int


class RelatedProducts(OutputModel):
    items: list[ProductSummary]
