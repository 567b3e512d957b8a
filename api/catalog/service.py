"""Use cases of products: list, read, create, change, publish and archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import queries, rules, tag_service
from api.catalog.prices import require_schedules_above
from api.catalog.queries import ProductFilter
from api.catalog.schemas import ProductCreate, ProductRead, ProductUpdate, VariantUpdate
from api.catalog.viewers import Viewer, require_shop_right, viewer_of
from api.conditional import require_version
from api.currency import currency_of
from api.errors import InvalidContent, NotFound, UnknownReference
from api.inventory.service import available_units
from api.media.service import require_urls
from core.events.outbox import append_event
from core.ids import new_id

# What no editor sets: sales, stock, reviews and the clock change it.
VOLATILE: Mapping[str, Any] = {
    "available_units": True,
    "current_price_amount": True,
    "rating_average": True,
    "rating_count": True,
    "sold_units": True,
    "view_count": True,
    "updated_at": True,
    "variants": {"__all__": {"available_units", "unit_price_amount", "regular_price_amount"}},
}
_NEVER_NULL = ("name", "slug", "price_amount", "status")
_NO_FIT = "A variant chooses one value of each option of its product."


def visible_to(caller: Caller) -> ProductFilter:
    """Return the filter that leaves what the caller may see: shoppers see what is published."""
    return _seen_by(viewer_of(caller))


def _seen_by(viewer: Viewer) -> ProductFilter:
    return ProductFilter(is_public=viewer.is_shopper, shop_ids=viewer.seen_shop_ids)


async def describe(
    connection: AsyncConnection, rows: Sequence[queries.Row], *, caller: Caller
) -> list[dict[str, Any]]:
    """Add variants, prices and availability to products; what they cost us only where it may be known."""
    return await _describe(connection, rows, viewer_of(caller))


async def _describe(
    connection: AsyncConnection, rows: Sequence[queries.Row], viewer: Viewer
) -> list[dict[str, Any]]:
    company_id, is_buying = viewer.company_id, viewer.is_shopper
    variants = await queries.list_variants(connection, company_id, [row["id"] for row in rows])
    available = await available_units(
        connection, company_id, [variant["id"] for variant in variants], shop_ids=viewer.stock_shop_ids
    )
    currency = await currency_of(connection, company_id)
    by_product: dict[UUID, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    now_prices = {
        variant["product_id"]: variant["unit_price_amount"] - variant["price_modifier_amount"]
        for variant in variants
    }
    for variant in variants:
        if is_buying and not variant["is_sellable"]:
            continue
        shown = {
            **variant,
            "currency": currency,
            "available_units": available.get(variant["id"], 0),
        }
        by_product[variant["product_id"]].append(shown | ({"unit_cost_amount": None} if is_buying else {}))
    return [
        {
            **row,
            "cost_amount": None if is_buying else row["cost_amount"],
            "currency": currency,
            "current_price_amount": now_prices.get(row["id"], row["price_amount"]),
            "variants": by_product[row["id"]],
            "available_units": sum(variant["available_units"] for variant in by_product[row["id"]]),
        }
        for row in rows
    ]


async def read_product(
    connection: AsyncConnection, product_id: UUID | None = None, *, slug: str | None = None, caller: Caller
) -> ProductRead:
    """Return a product, by id or by slug, with its variants."""
    return await read_page(connection, viewer_of(caller), product_id=product_id, slug=slug)


async def read_page(
    connection: AsyncConnection, viewer: Viewer, *, product_id: UUID | None = None, slug: str | None = None
) -> ProductRead:
    """Return a product as this viewer sees it: it depends on the viewer and the database, on nothing else."""
    row = await queries.get_product(
        connection, viewer.company_id, _seen_by(viewer), product_id=product_id, slug=slug
    )
    if row is None:
        raise NotFound
    return ProductRead.model_validate((await _describe(connection, [row], viewer))[0])


async def read_related(
    connection: AsyncConnection, product_id: UUID, *, caller: Caller
) -> list[dict[str, Any]]:
    """Return the related products that the caller may see, in the order in which they were named."""
    product = await read_product(connection, product_id, caller=caller)
    rows = await queries.find_products(
        connection, caller.require_company(), product.related_product_ids, visible_to(caller)
    )
    place = {related: number for number, related in enumerate(product.related_product_ids)}
    return await describe(connection, sorted(rows, key=lambda row: place[row["id"]]), caller=caller)


async def lock_product(connection: AsyncConnection, product_id: UUID, *, caller: Caller) -> ProductRead:
    """Lock a product that the caller may change and return it."""
    row = await queries.get_product(
        connection, caller.require_company(), visible_to(caller), product_id=product_id, for_update=True
    )
    if row is None:
        raise NotFound
    require_shop_right(caller, row["shop_id"])
    return ProductRead.model_validate((await describe(connection, [row], caller=caller))[0])


async def create_product(
    connection: AsyncConnection, product: ProductCreate, *, caller: Caller, now: datetime
) -> ProductRead:
    """Create a product with its variants; one without options gets one variant."""
    company_id = caller.require_company()
    require_shop_right(caller, product.shop_id)
    content = product.model_dump(mode="python", exclude={"variants", "options"})
    content["options"] = [option.model_dump(mode="json") for option in product.options]
    await _require_references(connection, company_id, content)
    modifiers = [variant.price_modifier_amount for variant in product.variants]
    _require_prices(product.price_amount, product.sale_price_amount, modifiers)
    chosen = [variant.options for variant in product.variants]
    require_options(content["options"], chosen)
    product_id = new_id()
    values = {
        **await _stored(connection, company_id, content),
        "company_id": company_id,
        "id": product_id,
        "slug": product.slug or rules.slug_of(product.name, product.sku),
        "published_at": now if product.status == "published" else None,
    }
    variants = [variant.model_dump() for variant in product.variants] or [{"sku": product.sku}]
    rows = [
        {**variant, "company_id": company_id, "id": new_id(), "product_id": product_id}
        for variant in variants
    ]
    await queries.insert_product(connection, values, rows)
    await tell_product(connection, "product.created", product_id, caller=caller, changed=[])
    return await read_product(connection, product_id, caller=caller)


async def update_product(
    connection: AsyncConnection,
    product_id: UUID,
    changes: ProductUpdate,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> ProductRead:
    """Change what was sent; a product that is archived keeps its rows and is sold no more."""
    company_id = caller.require_company()
    current = await lock_product(connection, product_id, caller=caller)
    require_version(if_match, current, VOLATILE)
    values = _changed_values(changes, current, now=now)
    await _require_references(connection, company_id, values, product_id=product_id)
    price = values.get("price_amount", current.price_amount)
    sale_price = values.get("sale_price_amount", current.sale_price_amount)
    modifiers = await _change_variants(connection, company_id, current, changes)
    _require_prices(price, sale_price, modifiers)
    if "price_amount" in values:
        await require_schedules_above(connection, company_id, product_id, price_amount=price)
    if values:
        await queries.update_product(
            connection, company_id, product_id, await _stored(connection, company_id, values)
        )
    if changes.model_fields_set:
        changed = sorted(changes.model_fields_set)
        await tell_product(connection, "product.updated", product_id, caller=caller, changed=changed)
    return await read_product(connection, product_id, caller=caller)


async def set_rating(
    connection: AsyncConnection, company_id: UUID, product_id: UUID, average: Decimal, count: int
) -> None:
    """Keep a product's summary of its reviews; for the domain that owns the reviews."""
    await queries.update_product(
        connection, company_id, product_id, {"rating_average": average, "rating_count": count}
    )


async def tell_product(
    connection: AsyncConnection, kind: str, product_id: UUID, *, caller: Caller, changed: Sequence[str]
) -> None:
    """Write the event of a change of a product or its variants."""
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=kind,
        aggregate_type="product",
        aggregate_id=product_id,
        payload={"product_id": str(product_id), "changed": list(changed)},
        actor_user_id=caller.user_id,
    )


def require_options(options: Sequence[Mapping[str, Any]], chosen: Sequence[Mapping[str, str]]) -> None:
    """Refuse variants that choose what the product does not offer, or the same as another."""
    seen: list[Mapping[str, str]] = []
    for place, choice in enumerate(chosen):
        pointer = f"/variants/{place}/options"
        if not rules.fits_options(options, choice):
            raise InvalidContent(_NO_FIT, pointer=pointer)
        if choice and choice in seen:
            raise InvalidContent("Another variant has the same options.", pointer=pointer)
        seen.append(choice)


async def _require_references(
    connection: AsyncConnection,
    company_id: UUID,
    values: Mapping[str, Any],
    *,
    product_id: UUID | None = None,
) -> None:
    known = {
        "category_id": (queries.exists_category, "There is no such category."),
        "shop_id": (queries.exists_shop, "There is no such shop."),
        "seller_user_id": (queries.exists_member, "There is no such person in the company."),
    }
    for name, (exists, sentence) in known.items():
        wanted = values.get(name)
        if wanted is not None and not await exists(connection, company_id, wanted):
            raise UnknownReference(sentence, pointer=f"/{name}")
    related = set(values.get("related_product_ids", ()))
    if product_id in related:
        raise InvalidContent("A product is not related to itself.", pointer="/related_product_ids")
    if related and await queries.count_products(connection, company_id, related) < len(related):
        raise UnknownReference("There is no such product.", pointer="/related_product_ids")
    urls = {f"/images/{place}/url": image["url"] for place, image in enumerate(values.get("images", ()))}
    await require_urls(connection, company_id, urls)


def _require_prices(
    price_amount: Decimal, sale_price_amount: Decimal | None, modifiers: Sequence[Decimal]
) -> None:
    if not rules.is_sale_below_price(price_amount, sale_price_amount):
        raise InvalidContent("The sale price is not below the price.", pointer="/sale_price_amount")
    lowest = price_amount if sale_price_amount is None else sale_price_amount
    if not all(rules.is_price_possible(lowest, modifier) for modifier in modifiers):
        raise InvalidContent("A variant would cost less than nothing.", pointer="/variants")


async def _stored(connection: AsyncConnection, company_id: UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the table holds them: one primary image, known tags, ids as text."""
    stored = dict(values)
    if "images" in stored:
        stored["images"] = rules.with_one_primary(stored["images"])
    if "tags" in stored:
        stored["tags"] = await tag_service.known_names(connection, company_id, stored["tags"])
    if "related_product_ids" in stored:
        stored["related_product_ids"] = [str(related) for related in stored["related_product_ids"]]
    return stored


def _changed_values(changes: ProductUpdate, current: ProductRead, *, now: datetime) -> dict[str, Any]:
    values = changes.model_dump(exclude_unset=True, exclude={"variants", "options"})
    if "options" in changes.model_fields_set:
        values["options"] = [option.model_dump(mode="json") for option in changes.options]
    for name in _NEVER_NULL:
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    status = values.get("status")
    if status is not None:
        values["archived_at"] = (current.archived_at or now) if status == "archived" else None
        if status == "published" and current.published_at is None:
            values["published_at"] = now
    return values


async def _change_variants(
    connection: AsyncConnection, company_id: UUID, product: ProductRead, changes: ProductUpdate
) -> list[Decimal]:
    """Change or add variants, and return the price modifiers of all."""
    modifiers = {variant.id: variant.price_modifier_amount for variant in product.variants}
    options = (
        [option.model_dump() for option in changes.options]
        if "options" in changes.model_fields_set
        else product.options
    )
    for place, change in enumerate(changes.variants or []):
        values = change.model_dump(exclude_unset=True, exclude={"id"})
        _require_variant(change, values, options, place=place)
        variant_id = change.id or new_id()
        if change.id is None:
            row = {**values, "company_id": company_id, "id": variant_id, "product_id": product.id}
            await queries.insert_variant(connection, row)
        elif variant_id not in modifiers:
            raise UnknownReference("The product has no such variant.", pointer=f"/variants/{place}/id")
        elif values:
            await queries.update_variant(connection, company_id, product.id, variant_id, values)
        if change.id is None or "price_modifier_amount" in values:
            modifiers[variant_id] = change.price_modifier_amount
    return list(modifiers.values())


def _require_variant(
    change: VariantUpdate, values: Mapping[str, Any], options: Sequence[Mapping[str, Any]], *, place: int
) -> None:
    is_new = change.id is None
    if ("sku" in values and values["sku"] is None) or (is_new and "sku" not in values):
        raise InvalidContent("A variant needs a SKU.", pointer=f"/variants/{place}/sku")
    if (is_new or "options" in values) and not rules.fits_options(options, change.options):
        raise InvalidContent(_NO_FIT, pointer=f"/variants/{place}/options")
