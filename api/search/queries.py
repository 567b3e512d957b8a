"""The one statement of a search: a page of hits and, if they are asked for, the counts of all facets.

A product is a hit when one of its variants fits every filter at once. Each row carries the filters that it
fails as bits: none for a hit; exactly one for what the counts of that filter's own facet still take in. Rows
that fail two are out, so that every count reads the same two materialised sets.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.search.facets import ATTRIBUTE_PAIRS, ATTRIBUTE_SEPARATOR, Bits, facet_columns
from api.search.sorting import Sort
from api.search.statement import (
    AVAILABILITY,
    COUNTED,
    DRAWN,
    ELIGIBLE,
    EXAMINED,
    IN_SUBTREES,
    ITEMS,
    LAZY,
    PAGE,
    SETTINGS,
    STOCK_OF_FEW,
    STOCK_OF_MANY,
)


@dataclass(frozen=True)
class Search:
    """What is looked for; an empty tuple or None: whatever it is. Several values of a filter: any of them."""

    shop_ids: Collection[UUID] | None
    sort: Sort
    limit: int
    words: str | None = None
    category_ids: tuple[UUID, ...] = ()
    brands: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    # Names, each with the values of which it may have any; all names must fit.
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sizes: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    availability: tuple[str, ...] = ()
    rating_from: Decimal | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    price_below: Decimal | None = None
    # Plain filters without a facet: columns, their types and values.
    equal: tuple[tuple[str, str, Any], ...] = ()
    has_facets: bool = True
    after: tuple[Any, ...] | None = None


@dataclass
class _Statement:
    """A statement under construction: its parameters, and the filters as bits."""

    parameters: dict[str, Any] = field(default_factory=dict)
    of_products: list[tuple[int, str]] = field(default_factory=list)
    of_variants: list[tuple[int, str]] = field(default_factory=list)

    def bind(self, name: str, value: Any, kind: str) -> str:
        self.parameters[name] = value
        return f"cast(:{name} as {kind})"


async def run_search(connection: AsyncConnection, company_id: UUID, search: Search) -> sa.RowMapping:
    """Return the one row of a search: ``product_count``, ``currency``, ``items``, and a column per facet."""
    await connection.execute(sa.text(SETTINGS))
    statement, parameters = compose(company_id, search)
    return (await connection.execute(sa.text(statement), parameters)).mappings().one()


def compose(company_id: UUID, search: Search) -> tuple[str, dict[str, Any]]:
    """Write the statement of a search, and its parameters."""
    made = _Statement({"company_id": company_id, "row_limit": search.limit + 1})
    _filter_products(made, search)
    _filter_variants(made, search)
    source, rank = _source(made, search)
    parts = [EXAMINED, LAZY if _is_lazy(made, search) else COUNTED, PAGE]
    columns = ["null::integer as product_count", "money.currency", f"({ITEMS}) as items"]
    kept = "faults = 0"
    if search.has_facets:
        made.parameters |= _chosen(search)
        parts += [ELIGIBLE, ATTRIBUTE_PAIRS]
        columns = ["(select count(*)::integer from hits) as product_count", *columns[1:], *facet_columns()]
        can_fail_two = len(made.of_products) + len(made.of_variants) > 1
        kept = "(faults & (faults - 1)) = 0" if can_fail_two else "true"
    filled = {
        "drawn": _drawn(made, search),
        "source": source,
        "rank": rank,
        "visible": _visible(made, search),
        "product_faults": _faults(made.of_products),
        "variant_faults": _faults(made.of_variants),
        "kept": kept,
        "stock": STOCK_OF_MANY if search.words is None else STOCK_OF_FEW,
        "after": _after(made, search),
        "order": search.sort.order,
        "keys": search.sort.keys_as_json,
    }
    tables = ",\n\n".join(part.format(**filled) for part in parts)
    listed = ",\n    ".join(columns)
    return f"{tables}\n\nselect\n    {listed}\nfrom money\n", made.parameters


def _is_lazy(made: _Statement, search: Search) -> bool:
    """Whether a page can be filled product by product: almost every one of them has a variant that fits."""
    return not search.has_facets and not made.of_variants and search.sort.is_by_product


def _source(made: _Statement, search: Search) -> tuple[str, str]:
    """Return where products come from, and their rank."""
    if search.words is None:
        return "search_products as product", "0::numeric"
    words = made.bind("words", search.words, "text")
    is_ranked = made.bind("is_ranked", search.sort.is_by_rank, "boolean")
    source = (
        f"search_find_products({words}, {is_ranked}) as found\n    inner join search_products as product"
        "\n        on product.company_id = :company_id and found.product_id = product.product_id"
    )
    return source, "found.rank"


def _chosen(search: Search) -> dict[str, Any]:
    """What facets mark as chosen, and list first."""
    pairs = [name + ATTRIBUTE_SEPARATOR + value for name, values in search.attributes for value in values]
    return {
        "chosen_brands": list(search.brands),
        "chosen_tags": list(search.tags),
        "chosen_sizes": list(search.sizes),
        "chosen_colours": list(search.colours),
        "chosen_categories": list(search.category_ids),
        "chosen_attributes": pairs,
        "attribute_names": [name for name, _ in search.attributes],
    }


def _filter_products(made: _Statement, search: Search) -> None:
    if search.category_ids:
        roots = made.bind("category_ids", list(search.category_ids), "uuid []")
        made.of_products.append((Bits.CATEGORY, IN_SUBTREES.format(roots=roots)))
    if search.brands:
        made.of_products.append(
            (Bits.BRAND, f"product.brand = any({made.bind('brands', list(search.brands), 'text []')})")
        )
    if search.tags:
        made.of_products.append(
            (Bits.TAG, f"product.tags && {made.bind('tags', list(search.tags), 'text []')}")
        )
    if search.rating_from is not None:
        rating = made.bind("rating_from", search.rating_from, "numeric")
        made.of_products.append((Bits.RATING, f"product.rating_average >= {rating}"))
    for place, (name, values) in enumerate(search.attributes):
        wanted = [name + ATTRIBUTE_SEPARATOR + value for value in values]
        pairs = made.bind(f"attribute_{place}", wanted, "text []")
        made.of_products.append((Bits.FIRST_ATTRIBUTE << place, f"product.attributes && {pairs}"))


def _filter_variants(made: _Statement, search: Search) -> None:
    prices = [
        f"offer.unit_price_amount {how} {made.bind(name, amount, 'numeric')}"
        for name, how, amount in (
            ("price_from", ">=", search.price_from),
            ("price_to", "<=", search.price_to),
            ("price_below", "<", search.price_below),
        )
        if amount is not None
    ]
    if prices:
        made.of_variants.append((Bits.PRICE, " and ".join(prices)))
    for bit, column, name, values in (
        (Bits.SIZE, "offer.size", "sizes", search.sizes),
        (Bits.COLOUR, "offer.colour", "colours", search.colours),
        (Bits.AVAILABILITY, AVAILABILITY, "availability", search.availability),
    ):
        if values:
            made.of_variants.append((bit, f"{column} = any({made.bind(name, list(values), 'text []')})"))


def _faults(filters: list[tuple[int, str]]) -> str:
    """Sum the bits of the filters that a row fails; what is not known fails."""
    tested = [f"case when {condition} then 0 else {int(bit)} end" for bit, condition in filters]
    return "\n        + ".join(tested) or "0"


def _visible(made: _Statement, search: Search) -> str:
    conditions = ["product.company_id = :company_id"]
    if search.shop_ids is not None:
        conditions.append("(product.shop_id is null or product.shop_id = any(cast(:shop_ids as uuid [])))")
    for column, kind, value in search.equal:
        conditions.append(f"product.{column} = {made.bind(f'only_{column}', value, kind)}")
    return "\n    and ".join(conditions)


def _drawn(made: _Statement, search: Search) -> str:
    if search.shop_ids is None:
        return ""
    return DRAWN.format(shop_ids=made.bind("shop_ids", sorted(search.shop_ids), "uuid []"))


def _after(made: _Statement, search: Search) -> str:
    if search.after is None:
        return ""
    values = [
        made.bind(f"after_{place}", value, kind)
        for place, (value, kind) in enumerate(zip(search.after, search.sort.kinds, strict=True))
    ]
    return search.sort.after(values)
