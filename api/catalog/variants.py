"""Use cases of a product's variants: add, generate from options, change, archive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.catalog import queries, rules, service
from api.catalog.errors import LastVariant
from api.catalog.schemas import MOST_VARIANTS, ProductRead, VariantCreate, VariantPatch, VariantRead
from api.conditional import require_version
from api.errors import AlreadyExists, Conflict, InvalidContent, NotFound
from api.media.service import require_urls
from core.ids import new_id

VOLATILE = dict.fromkeys(service.VOLATILE["variants"]["__all__"], True)
_NEVER_NULL = ("sku", "options", "price_modifier_amount", "display_order", "is_active", "is_discontinued")


async def read_variant(
    connection: AsyncConnection, product_id: UUID, variant_id: UUID, *, caller: Caller
) -> VariantRead:
    """Return one variant."""
    return _variant_of(await service.read_product(connection, product_id, caller=caller), variant_id)


async def add_variant(
    connection: AsyncConnection, product_id: UUID, variant: VariantCreate, *, caller: Caller
) -> VariantRead:
    """Add a variant to a product."""
    product = await service.lock_product(connection, product_id, caller=caller)
    values = variant.model_dump()
    await _require_sound(connection, product, values, caller=caller, besides=None)
    _require_room(product, 1)
    variant_id = new_id()
    await _insert(connection, product, [{**values, "id": variant_id}], caller=caller)
    return await read_variant(connection, product_id, variant_id, caller=caller)


async def generate_variants(connection: AsyncConnection, product_id: UUID, *, caller: Caller) -> ProductRead:
    """Add a variant for each combination of the product's options that has none yet."""
    product = await service.lock_product(connection, product_id, caller=caller)
    if not product.options:
        raise InvalidContent("The product has no options to make variants from.", pointer="/options")
    taken = [variant.options for variant in product.variants]
    missing = [
        (chosen, modifier) for chosen, modifier in rules.combinations(product.options) if chosen not in taken
    ]
    _require_room(product, len(missing))
    lowest = min(price for price in (product.price_amount, product.sale_price_amount) if price is not None)
    if any(not rules.is_price_possible(lowest, modifier) for _, modifier in missing):
        raise InvalidContent("A variant would cost less than nothing.", pointer="/options")
    rows = [
        {
            "id": new_id(),
            "sku": rules.variant_sku(product.sku, chosen),
            "name": " / ".join(chosen.values())[:200],
            "options": chosen,
            "price_modifier_amount": modifier,
            "display_order": len(taken) + place,
        }
        for place, (chosen, modifier) in enumerate(missing)
    ]
    if len({row["sku"] for row in rows}) < len(rows):
        raise AlreadyExists("Two combinations would have the same SKU; add one of them by hand.")
    if rows:
        await _insert(connection, product, rows, caller=caller)
    return await service.read_product(connection, product_id, caller=caller)


async def update_variant(
    connection: AsyncConnection,
    product_id: UUID,
    variant_id: UUID,
    changes: VariantPatch,
    *,
    caller: Caller,
    if_match: str | None,
) -> VariantRead:
    """Change a variant; what is left out stays."""
    product = await service.lock_product(connection, product_id, caller=caller)
    current = _variant_of(product, variant_id)
    require_version(if_match, current, VOLATILE)
    values = changes.model_dump(exclude_unset=True)
    for name in _NEVER_NULL:
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    await _require_sound(connection, product, values, caller=caller, besides=variant_id)
    if values:
        company_id = caller.require_company()
        await queries.update_variant(connection, company_id, product_id, variant_id, values)
        changed = [f"variants.{name}" for name in sorted(values)]
        await service.tell_product(connection, "product.updated", product_id, caller=caller, changed=changed)
    return await read_variant(connection, product_id, variant_id, caller=caller)


async def archive_variant(
    connection: AsyncConnection,
    product_id: UUID,
    variant_id: UUID,
    *,
    caller: Caller,
    if_match: str | None,
    now: datetime,
) -> None:
    """Take a variant off its product; its orders, stock and history keep it."""
    product = await service.lock_product(connection, product_id, caller=caller)
    require_version(if_match, _variant_of(product, variant_id), VOLATILE)
    if len(product.variants) == 1:
        raise LastVariant
    company_id = caller.require_company()
    await queries.update_variant(connection, company_id, product_id, variant_id, {"archived_at": now})
    await service.tell_product(
        connection, "product.updated", product_id, caller=caller, changed=["variants.archived_at"]
    )


def _variant_of(product: ProductRead, variant_id: UUID) -> VariantRead:
    for variant in product.variants:
        if variant.id == variant_id:
            return variant
    raise NotFound


def _require_room(product: ProductRead, added: int) -> None:
    if len(product.variants) + added > MOST_VARIANTS:
        raise Conflict(f"A product has at most {MOST_VARIANTS} variants.")


async def _require_sound(
    connection: AsyncConnection,
    product: ProductRead,
    values: Mapping[str, Any],
    *,
    caller: Caller,
    besides: UUID | None,
) -> None:
    """Refuse options that the product does not offer or another variant has, and a price below zero."""
    if "options" in values:
        if not rules.fits_options(product.options, values["options"]):
            raise InvalidContent(
                "A variant chooses one value of each option of its product.", pointer="/options"
            )
        others = [variant.options for variant in product.variants if variant.id != besides]
        if values["options"] and values["options"] in others:
            raise AlreadyExists("Another variant has the same options.", pointer="/options")
    if "price_modifier_amount" in values:
        lowest = min(
            price for price in (product.price_amount, product.sale_price_amount) if price is not None
        )
        if not rules.is_price_possible(lowest, values["price_modifier_amount"]):
            raise InvalidContent("It would cost less than nothing.", pointer="/price_modifier_amount")
    await require_urls(connection, caller.require_company(), {"/image_url": values.get("image_url")})


async def _insert(
    connection: AsyncConnection, product: ProductRead, rows: list[dict[str, Any]], *, caller: Caller
) -> None:
    company_id = caller.require_company()
    for row in rows:
        await queries.insert_variant(connection, {**row, "company_id": company_id, "product_id": product.id})
    await service.tell_product(connection, "product.updated", product.id, caller=caller, changed=["variants"])
