"""The one statement of a search: hits, their page and the counts of all facets.

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
    await connection.execute(_SETTINGS)
    statement, parameters = compose(company_id, search)
    return (await connection.execute(sa.text(statement), parameters)).mappings().one()


def compose(company_id: UUID, search: Search) -> tuple[str, dict[str, Any]]:
    """Write the statement of a search, and its parameters."""
    made = _Statement({"company_id": company_id, "row_limit": search.limit + 1})
    _filter_products(made, search)
    _filter_variants(made, search)
    source, rank = "search_products as product", "0::numeric"
    if search.words is not None:
        is_ranked = made.bind("is_ranked", search.sort.is_by_rank, "boolean")
        words = made.bind("words", search.words, "text")
        found = f"search_find_products({words}, {is_ranked}) as found"
        source = (
            f"{found}\n    inner join search_products as product"
            "\n        on product.company_id = :company_id and found.product_id = product.product_id"
        )
        rank = "found.rank"
    kept = "faults = 0"
    if search.has_facets:
        can_fail_two = len(made.of_products) + len(made.of_variants) > 1
        kept = "(faults & (faults - 1)) = 0" if can_fail_two else "true"
    columns = ["(select count(*) from hits) as product_count", "money.currency", f"({_ITEMS}) as items"]
    if search.has_facets:
        chosen = {
            "chosen_brands": list(search.brands),
            "chosen_tags": list(search.tags),
            "chosen_sizes": list(search.sizes),
            "chosen_colours": list(search.colours),
            "chosen_categories": list(search.category_ids),
            "chosen_attributes": [
                name + ATTRIBUTE_SEPARATOR + value for name, values in search.attributes for value in values
            ],
            "attribute_names": [name for name, _ in search.attributes],
        }
        made.parameters |= chosen
        columns += facet_columns()
    statement = _STATEMENT.format(
        drawn=_drawn(made, search),
        source=source,
        rank=rank,
        visible=_visible(made, search),
        product_faults=_faults(made.of_products),
        variant_faults=_faults(made.of_variants),
        kept=kept,
        stock=_STOCK_OF_MANY if search.words is None else _STOCK_OF_FEW,
        after=_after(made, search),
        order=search.sort.order,
        keys=search.sort.keys_as_json,
        pairs=ATTRIBUTE_PAIRS if search.has_facets else "",
        columns=",\n    ".join(columns),
    )
    return statement, made.parameters


def _filter_products(made: _Statement, search: Search) -> None:
    if search.category_ids:
        roots = made.bind("category_ids", list(search.category_ids), "uuid []")
        made.of_products.append((Bits.CATEGORY, _IN_SUBTREES.format(roots=roots)))
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
        (Bits.AVAILABILITY, _AVAILABILITY, "availability", search.availability),
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
    return _DRAWN.format(shop_ids=made.bind("shop_ids", sorted(search.shop_ids), "uuid []"))


def _after(made: _Statement, search: Search) -> str:
    if search.after is None:
        return ""
    values = [
        made.bind(f"after_{place}", value, kind)
        for place, (value, kind) in enumerate(zip(search.after, search.sort.kinds, strict=True))
    ]
    return search.sort.after(values)


_AVAILABILITY = (
    "case when stock.available_units > 0 then 'in_stock' when stock.allow_backorder then 'backorder'"
    " else 'out_of_stock' end"
)
_IN_SUBTREES = """product.category_id in (
            select inside.id
            from categories as root
            inner join categories as inside
                on root.company_id = inside.company_id and starts_with(inside.path, root.path)
            where root.company_id = :company_id and root.id = any({roots})
        )"""
_DRAWN = """
    and location.id in (
        select shop_location.location_id from shop_locations as shop_location
        where shop_location.company_id = :company_id and shop_location.shop_id = any({shop_ids})
    )"""
# The sets of a large catalogue stay in memory, where keys are cheap to follow; nothing is compiled.
SETTINGS = (
    "select set_config('work_mem', '32MB', true), set_config('random_page_cost', '1.1', true),"
    " set_config('jit', 'off', true)"
)
_SETTINGS = sa.text(SETTINGS)
_AVAILABLE = """
        level.variant_id,
        sum(greatest(level.available_units, 0))::integer as available_units,
        bool_or(level.allow_backorder) as allow_backorder"""
# All levels are read once for many variants; for what some words found, each by its key. (Left to choose, the
# planner reads all for a few thousand, at ten times the time.)
_STOCK_OF_MANY = f"""
    select{_AVAILABLE}
    from stock_levels as level
    where level.company_id = :company_id and level.location_id in (select drawn.id from drawn)
    and level.variant_id in (select offers.variant_id from offers)
    group by level.variant_id
"""
_STOCK_OF_FEW = f"""
    select{_AVAILABLE}
    from offers as offer
    cross join drawn
    cross join lateral (
        select stock_levels.variant_id, stock_levels.available_units, stock_levels.allow_backorder
        from stock_levels
        where stock_levels.company_id = :company_id and stock_levels.location_id = drawn.id
        and stock_levels.variant_id = offer.variant_id
        offset 0
    ) as level
    group by level.variant_id
"""
_ITEMS = """
        select coalesce(json_agg(page.item order by page.place), '[]'::json) from page
    """

_STATEMENT = (
    """
with money as materialized (
    select
        company.currency,
        case when minor_unit_digits(company.currency) = 0 then 100 else 1 end as scale
    from companies as company
    where company.id = :company_id
),

-- Where the shops in question take what they sell from. What is on its way can't be sold yet.
drawn as materialized (
    select location.id from locations as location
    where location.company_id = :company_id and location.archived_at is null
    and location.kind <> 'in_transit'{drawn}
),

-- The prices of products as in the view variant_terms, which asks row by row; few have a schedule in force.
scheduled as materialized (
    select distinct on (schedule.product_id)
        schedule.product_id, schedule.price_amount, schedule.sale_price_amount
    from price_schedules as schedule
    where schedule.company_id = :company_id and schedule.cancelled_at is null
    and schedule.starts_at <= now() and (schedule.ends_at is null or schedule.ends_at > now())
    order by schedule.product_id, schedule.starts_at desc, schedule.id desc
),

examined as (
    select
        product.product_id, product.category_id, product.brand, product.tags, product.attributes,
        product.rating_average, product.rating_count, product.sold_units, product.view_count,
        product.listed_at, {rank} as rank,
        least(
            coalesce(scheduled.sale_price_amount, product.sale_price_amount),
            coalesce(scheduled.price_amount, product.price_amount)
        ) as price_amount,
        {product_faults} as faults
    from {source}
    left join scheduled on product.product_id = scheduled.product_id
    where {visible}
),

candidates as materialized (
    select examined.*, examined.faults = 0 as is_hit from examined where {kept}
),

offers as materialized (
    select
        candidate.product_id, candidate.faults, variant.variant_id, variant.size, variant.colour,
        candidate.price_amount + variant.price_modifier_amount as unit_price_amount
    from candidates as candidate
    inner join search_variants as variant
        on variant.company_id = :company_id and candidate.product_id = variant.product_id
),

stock as materialized ({stock}),

tested as (
    select
        offer.product_id, offer.size, offer.colour, offer.unit_price_amount,
        coalesce(stock.available_units, 0) as available_units,
        """
    + _AVAILABILITY
    + """ as availability,
        offer.faults
        + {variant_faults} as faults
    from offers as offer
    left join stock on offer.variant_id = stock.variant_id
),

judged as materialized (
    select tested.*, tested.faults = 0 as is_hit from tested where {kept}
),

hits as materialized (
    select
        judged.product_id,
        min(judged.unit_price_amount) as lowest_price_amount,
        max(judged.unit_price_amount) as highest_price_amount,
        sum(judged.available_units)::integer as available_units,
        case
            when bool_or(judged.availability = 'in_stock') then 'in_stock'
            when bool_or(judged.availability = 'backorder') then 'backorder'
            else 'out_of_stock'
        end as availability
    from judged
    where judged.is_hit
    group by judged.product_id
),

ordered as (
    select
        hit.*, candidate.rank, candidate.rating_average, candidate.rating_count, candidate.sold_units,
        candidate.view_count, candidate.listed_at
    from hits as hit
    inner join candidates as candidate on hit.product_id = candidate.product_id
),

listed as (
    select ordered.*, row_number() over (order by {order}) as place
    from ordered
    where true {after}
    order by {order}
    limit :row_limit
),

page as (
    select
        listed.place,
        json_build_object(
            'keys', {keys},
            'id', product.id, 'sku', product.sku, 'slug', product.slug, 'name', product.name,
            'short_description', product.short_description, 'subcategory', product.subcategory,
            'brand', product.brand, 'category_id', product.category_id, 'shop_id', product.shop_id,
            'images', product.images, 'tags', product.tags,
            'lowest_price_amount', listed.lowest_price_amount::text,
            'highest_price_amount', listed.highest_price_amount::text,
            'compare_at_price_amount', product.compare_at_price_amount::text,
            'availability', listed.availability, 'available_units', listed.available_units,
            'rating_average', product.rating_average::text, 'rating_count', product.rating_count,
            'is_featured', product.is_featured, 'is_new_arrival', product.is_new_arrival,
            'is_assumed', product.is_assumed, 'listed_at', instant_text(listed.listed_at)
        ) as item
    from listed
    inner join products as product on product.company_id = :company_id and listed.product_id = product.id
),

-- Of a facet of products count those with a variant that fits; of a facet of variants the fitting ones.
eligible as materialized (
    select candidate.* from candidates as candidate
    where (candidate.product_id, candidate.faults) in (select judged.product_id, judged.faults from judged)
){pairs}

select
    {columns}
from money
"""
)
