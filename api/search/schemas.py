"""What a search takes and gives."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.catalog.display_schemas import Gender
from api.catalog.schemas import Price
from api.schemas import OutputModel, ShortText, UnitAmount
from api.search.sorting import SortName

MOST_CHOSEN = 20
Availability = Literal["in_stock", "backorder", "out_of_stock"]
Pair = Annotated[str, StringConstraints(min_length=3, max_length=401, pattern=r"^[^:\x1f]+:[^\x1f]+$")]
_ANY = "; several: any of them"


class SearchQuery(BaseModel):
    """What is looked for. A product is a hit when one of its variants fits all of it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    q: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None,
        description="Words, each the beginning of one in name, SKU, barcode, brand, category, tags, options,"
        " specifications or description, whatever its accents and capitals",
    )
    category_id: list[UUID] = Field(
        default_factory=list, max_length=MOST_CHOSEN, description="With all that lies inside" + _ANY
    )
    brand: list[ShortText] = Field(default_factory=list, max_length=MOST_CHOSEN, description="Brand" + _ANY)
    tag: list[ShortText] = Field(default_factory=list, max_length=MOST_CHOSEN, description="Tag" + _ANY)
    attribute: list[Pair] = Field(
        default_factory=list,
        max_length=MOST_CHOSEN,
        description="name:value of a specification or option; of one name any, of several names all",
    )
    size: list[ShortText] = Field(default_factory=list, max_length=MOST_CHOSEN, description="Size" + _ANY)
    colour: list[ShortText] = Field(default_factory=list, max_length=MOST_CHOSEN, description="Colour" + _ANY)
    availability: list[Availability] = Field(
        default_factory=list,
        max_length=3,
        description="What is promised to others is not in stock" + _ANY,
    )
    rating_gte: Annotated[Decimal, Field(ge=0, le=5)] | None = Field(None, alias="rating_average[gte]")
    price_gte: Price | None = Field(None, alias="unit_price_amount[gte]")
    price_lte: Price | None = Field(None, alias="unit_price_amount[lte]")
    price_lt: Price | None = Field(None, alias="unit_price_amount[lt]")
    collection: ShortText | None = None
    material: ShortText | None = None
    gender: Gender | None = None
    seller_user_id: UUID | None = None
    is_featured: bool | None = None
    is_new_arrival: bool | None = None
    sort: SortName | None = Field(
        None, description="relevance with words, else popularity; -price: the dearest first"
    )
    has_facets: bool = Field(True, description="Count; a next page needs no counts, and is faster without")
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None, description="next_cursor of the page before, with the same filters"
    )
    limit: int = Field(24, ge=1, le=100, description="Items on a page")


SearchQueries = Annotated[SearchQuery, Query()]


class SearchHit(OutputModel):
    """A product, with prices and stock of those of its variants that fit."""

    id: UUID
    sku: str
    slug: str
    name: str
    short_description: str | None
    subcategory: str | None
    brand: str | None
    category_id: UUID | None
    shop_id: UUID | None
    images: list[Any]
    tags: list[str]
    lowest_price_amount: UnitAmount
    highest_price_amount: UnitAmount
    compare_at_price_amount: UnitAmount | None
    availability: Availability
    available_units: int
    rating_average: Decimal
    rating_count: int
    is_featured: bool
    is_new_arrival: bool
    is_assumed: bool
    listed_at: datetime


class FacetValue(OutputModel):
    value: str
    product_count: int
    is_chosen: bool


class ValueFacet(OutputModel):
    """The 50 commonest values, chosen ones first; ``value_count`` says how many there are."""

    value_count: int
    values: list[FacetValue]


class CategoryValue(OutputModel):
    id: UUID
    parent_id: UUID | None
    name: str
    slug: str
    level: int
    product_count: int
    is_chosen: bool


class CategoryFacet(OutputModel):
    """The 50 largest categories, chosen ones first; each counts what lies inside it too."""

    value_count: int
    values: list[CategoryValue]


class AttributeFacet(ValueFacet):
    name: str


class AttributeFacets(OutputModel):
    """The 20 commonest attributes, chosen ones first; ``name_count`` says how many there are."""

    name_count: int
    names: list[AttributeFacet]


class PriceBand(OutputModel):
    from_amount: UnitAmount
    below_amount: UnitAmount | None
    product_count: int


class PriceFacet(OutputModel):
    """Products with a price in each band; one with several prices counts in several."""

    lowest_amount: UnitAmount | None
    highest_amount: UnitAmount | None
    bands: list[PriceBand]


class RatingStep(OutputModel):
    """Products rated so or better."""

    rating_from: int
    product_count: int


class AvailabilityFacet(OutputModel):
    in_stock: int
    backorder: int
    out_of_stock: int


class SearchFacets(OutputModel):
    """How many products each value would leave, its own facet's filter being left out."""

    categories: CategoryFacet
    brands: ValueFacet
    tags: ValueFacet
    sizes: ValueFacet
    colours: ValueFacet
    attributes: AttributeFacets
    prices: PriceFacet
    ratings: list[RatingStep]
    availability: AvailabilityFacet


class SearchResult(OutputModel):
    """A page of hits; without facets, nothing is counted: ``product_count`` and ``facets`` are null."""

    items: list[SearchHit]
    next_cursor: str | None
    product_count: int | None
    currency: str
    facets: SearchFacets | None
