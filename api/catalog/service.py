"""Use cases of the catalogue: list, read, create, change and archive products."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import queries, rules
from api.catalog.queries import ProductFilter
from api.catalog.schemas import ProductCreate, ProductUpdate, VariantUpdate
from api.errors import Forbidden, InvalidContent, NotFound, StaleVersion, UnknownReference
from api.inventory.service import available_units
from api.permissions import STOREFRONT, Scope
from core.events.outbox import append_event
from core.ids import new_id

_SHOPPERS = frozenset({"customer", STOREFRONT})


def visible_to(caller: Caller) -> ProductFilter:
    """Return the filter that leaves what the caller may see: shoppers see what is published."""
    if _is_shopper(caller):
        return ProductFilter(is_public=True, shop_ids=_shops_of(caller))
    return ProductFilter(shop_ids=caller.reachable_shop_ids)


async def describe(
    connection: AsyncConnection, rows: Sequence[queries.Row], *, caller: Caller
) -> list[dict[str, Any]]:
    """Add variants, prices and availability to products; what they cost us only where it may be known."""
    company_id = caller.require_company()
    variants = await queries.list_variants(connection, company_id, [row["id"] for row in rows])
    available = await available_units(
        connection, company_id, [variant["id"] for variant in variants], shop_ids=_shops_of(caller)
    )
    currency = await queries.currency_of(connection, company_id)
    is_shopper = _is_shopper(caller)
    by_product: dict[UUID, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    for variant in variants:
        if is_shopper and not variant["is_sellable"]:
            continue
        shown = {**variant, "available_units": available.get(variant["id"], 0)}
        by_product[variant["product_id"]].append(shown | ({"unit_cost_amount": None} if is_shopper else {}))
    return [
        {
            **row,
            "cost_amount": None if is_shopper else row["cost_amount"],
            "currency": currency,
            "variants": by_product[row["id"]],
            "available_units": sum(variant["available_units"] for variant in by_product[row["id"]]),
        }
        for row in rows
    ]


async def read_product(connection: AsyncConnection, product_id: UUID, *, caller: Caller) -> dict[str, Any]:
    """Return a product with its variants."""
    row = await queries.get_product(connection, caller.require_company(), product_id, visible_to(caller))
    if row is None:
        raise NotFound
    return (await describe(connection, [row], caller=caller))[0]


async def create_product(
    connection: AsyncConnection, product: ProductCreate, *, caller: Caller, now: datetime
) -> dict[str, Any]:
    """Create a product with its variants; one without options gets one variant."""
    company_id = caller.require_company()
    _require_shop_right(caller, product.shop_id)
    await _require_references(connection, company_id, product.category_id, product.shop_id)
    modifiers = [variant.price_modifier_amount for variant in product.variants]
    _require_prices(product.price_amount, product.sale_price_amount, modifiers)
    product_id = new_id()
    values = {
        **product.model_dump(mode="python", exclude={"variants", "related_product_ids"}),
        "related_product_ids": [str(related) for related in product.related_product_ids],
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
    await _tell(connection, "product.created", product_id, caller=caller, changed=[])
    return await read_product(connection, product_id, caller=caller)


async def update_product(
    connection: AsyncConnection,
    product_id: UUID,
    changes: ProductUpdate,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Change what was sent; a product that is archived keeps its rows and is sold no more.

    Raises
    ------
    StaleVersion
        If the product is no longer the one that ``if_match`` names.
    """
    company_id = caller.require_company()
    row = await queries.get_product(connection, company_id, product_id, visible_to(caller), for_update=True)
    if row is None:
        raise NotFound
    _require_shop_right(caller, row["shop_id"])
    current = (await describe(connection, [row], caller=caller))[0]
    if if_match is not None and if_match != etag_of(current):
        raise StaleVersion
    values = _changed_values(changes, row, now=now)
    await _require_references(connection, company_id, values.get("category_id"), None)
    merged = {**row, **values}
    modifiers = await _change_variants(connection, company_id, current, changes.variants or [])
    _require_prices(merged["price_amount"], merged["sale_price_amount"], modifiers)
    if values:
        await queries.update_product(connection, company_id, product_id, values)
    if changes.model_fields_set:
        changed = sorted(changes.model_fields_set)
        await _tell(connection, "product.updated", product_id, caller=caller, changed=changed)
    return await read_product(connection, product_id, caller=caller)


def etag_of(product: dict[str, Any]) -> str:
    """Name the version of a product and its variants; stock is no part of it."""
    versions = [product["row_xid"], *(variant["row_xid"] for variant in product["variants"])]
    return f'"{max(map(int, versions)):x}-{len(versions)}"'


def _is_shopper(caller: Caller) -> bool:
    return caller.roles <= _SHOPPERS


def _shops_of(caller: Caller) -> Collection[UUID] | None:
    """Return the shops whose stock counts for the caller: the storefront's, or the staff's; None: all."""
    return {caller.shop_id} if caller.shop_id is not None else caller.reachable_shop_ids


def _require_shop_right(caller: Caller, shop_id: UUID | None) -> None:
    """Staff of shops change what only their shops sell; what all shops sell is the company's."""
    if caller.scope is Scope.SHOP and (shop_id is None or not caller.may_use_shop(shop_id)):
        raise Forbidden("Your role changes products of your own shops only; name one as shop_id.")


async def _require_references(
    connection: AsyncConnection, company_id: UUID, category_id: UUID | None, shop_id: UUID | None
) -> None:
    if category_id is not None and not await queries.exists_category(connection, company_id, category_id):
        raise UnknownReference("There is no such category.", pointer="/category_id")
    if shop_id is not None and not await queries.exists_shop(connection, company_id, shop_id):
        raise UnknownReference("There is no such shop.", pointer="/shop_id")


def _require_prices(
    price_amount: Decimal, sale_price_amount: Decimal | None, modifiers: Sequence[Decimal]
) -> None:
    if not rules.is_sale_below_price(price_amount, sale_price_amount):
        raise InvalidContent("The sale price is not below the price.", pointer="/sale_price_amount")
    lowest = price_amount if sale_price_amount is None else sale_price_amount
    if not all(rules.is_price_possible(lowest, modifier) for modifier in modifiers):
        raise InvalidContent("A variant would cost less than nothing.", pointer="/variants")


def _changed_values(changes: ProductUpdate, row: queries.Row, *, now: datetime) -> dict[str, Any]:
    values = changes.model_dump(exclude_unset=True, exclude={"variants"})
    for name in ("name", "slug", "price_amount", "status"):
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    if "related_product_ids" in values:
        values["related_product_ids"] = [str(related) for related in values["related_product_ids"]]
    status = values.get("status")
    if status is not None:
        values["archived_at"] = now if status == "archived" else None
        if status == "published" and row["published_at"] is None:
            values["published_at"] = now
    return values


async def _change_variants(
    connection: AsyncConnection,
    company_id: UUID,
    product: dict[str, Any],
    changes: Sequence[VariantUpdate],
) -> list[Decimal]:
    """Change or add variants, and return the price modifiers of all."""
    modifiers = {variant["id"]: variant["price_modifier_amount"] for variant in product["variants"]}
    for place, change in enumerate(changes):
        values = change.model_dump(exclude_unset=True, exclude={"id"})
        if ("sku" in values and values["sku"] is None) or (change.id is None and "sku" not in values):
            raise InvalidContent("A variant needs a SKU.", pointer=f"/variants/{place}/sku")
        variant_id = change.id or new_id()
        if change.id is None:
            row = {**values, "company_id": company_id, "id": variant_id, "product_id": product["id"]}
            await queries.insert_variant(connection, row)
        elif variant_id not in modifiers:
            raise UnknownReference("The product has no such variant.", pointer=f"/variants/{place}/id")
        elif values:
            await queries.update_variant(connection, company_id, product["id"], variant_id, values)
        if change.id is None or "price_modifier_amount" in values:
            modifiers[variant_id] = change.price_modifier_amount
    return list(modifiers.values())


async def _tell(
    connection: AsyncConnection, kind: str, product_id: UUID, *, caller: Caller, changed: Sequence[str]
) -> None:
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=kind,
        aggregate_type="product",
        aggregate_id=product_id,
        payload={"product_id": str(product_id), "changed": list(changed)},
        actor_user_id=caller.user_id,
    )
