"""The one use case of search."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog.viewers import shops_of
from api.pagination import binding_of, decode_cursor, split_page
from api.search import queries, rules
from api.search.queries import Search
from api.search.schemas import SearchQuery

_PLAIN_FILTERS = {
    "collection": "text",
    "material": "text",
    "gender": "text",
    "seller_user_id": "uuid",
    "is_featured": "boolean",
    "is_new_arrival": "boolean",
}
_FACETS = (
    "categories",
    "brands",
    "tags",
    "sizes",
    "colours",
    "attributes",
    "prices",
    "ratings",
)
_NO_AVAILABILITY = {"in_stock": 0, "backorder": 0, "out_of_stock": 0}


def read_query(wanted: SearchQuery, *, caller: Caller) -> tuple[Search, str]:
    """Return what is looked for, and what a cursor of it is bound to.

    Raises
    ------
    InvalidContent
        If the text has no word, a range is the wrong way round, or the order or the cursor does not fit.
    """
    rules.require_words(wanted.q)
    rules.require_price_range(wanted.price_gte, wanted.price_lte, wanted.price_lt)
    sort = rules.choose_sort(wanted.sort, has_words=wanted.q is not None)
    plain = [(name, kind, getattr(wanted, name)) for name, kind in _PLAIN_FILTERS.items()]
    search = Search(
        shop_ids=shops_of(caller),
        sort=sort,
        limit=wanted.limit,
        words=wanted.q,
        category_ids=tuple(wanted.category_id),
        brands=tuple(wanted.brand),
        tags=tuple(wanted.tag),
        attributes=rules.by_name(wanted.attribute),
        sizes=tuple(wanted.size),
        colours=tuple(wanted.colour),
        availability=tuple(wanted.availability),
        rating_from=wanted.rating_gte,
        price_from=wanted.price_gte,
        price_to=wanted.price_lte,
        price_below=wanted.price_lt,
        equal=tuple(one for one in plain if one[2] is not None),
        has_facets=wanted.has_facets,
    )
    filters = wanted.model_dump(exclude={"cursor", "limit", "has_facets", "sort"})
    binding = binding_of(f"search {sort.name}", **filters)
    after = decode_cursor(wanted.cursor, binding=binding, types=sort.types)
    return replace(search, after=after), binding


async def search_products(
    connection: AsyncConnection, search: Search, *, binding: str, caller: Caller
) -> dict[str, Any]:
    """Return a page of hits with the counts of all facets, by one statement."""
    row = await queries.run_search(connection, caller.require_company(), search)
    page, next_cursor = split_page(
        row["items"], limit=search.limit, binding=binding, position_of=lambda item: item["keys"]
    )
    facets = None
    if search.has_facets:
        facets = {name: row[name] for name in _FACETS}
        facets["availability"] = _NO_AVAILABILITY | row["availability"]
    return {
        "items": page,
        "next_cursor": next_cursor,
        "product_count": row["product_count"],
        "currency": row["currency"],
        "facets": facets,
    }
