"""SQL of prices: the terms of a basket's lines, all in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_TERMS = sa.text(
    """
    with recursive asked as (
        select * from unnest(cast(:variant_ids as uuid []), cast(:shop_ids as uuid []))
        with ordinality as asked (variant_id, shop_id, position)
    ),

    goods as (
        select
            asked.position,
            terms.product_id,
            terms.sku,
            terms.product_name,
            terms.variant_name,
            terms.image_url,
            terms.unit_price_amount,
            terms.regular_price_amount,
            product.category_id,
            coalesce(variant.weight_kg, product.weight_kg, 0) as weight_kg,
            product.has_free_shipping,
            product.shipping_class,
            asked.variant_id,
            asked.shop_id
        from asked
        inner join shops as shop
            on shop.company_id = :company_id and shop.id = asked.shop_id
            and shop.is_active and shop.archived_at is null
        inner join variant_terms as terms
            on terms.company_id = :company_id and terms.variant_id = asked.variant_id
            and terms.is_sellable and (terms.shop_id is null or terms.shop_id = asked.shop_id)
        inner join variants as variant
            on variant.company_id = :company_id and variant.id = asked.variant_id
        inner join products as product
            on product.company_id = :company_id and product.id = terms.product_id
    ),

    lineage as (
        select distinct goods.category_id as of_id, goods.category_id as id
        from goods
        where goods.category_id is not null
        union
        select lineage.of_id, category.parent_id
        from lineage
        inner join categories as category
            on category.company_id = :company_id and category.id = lineage.id
            and category.parent_id is not null
    ),

    own_holds as (
        select location_id, variant_id, sum(reserved_units) as units
        from reservations
        where company_id = :company_id and owner_id = cast(:cart_id as uuid) and status = 'live'
        group by location_id, variant_id
    )

    select
        goods.*,
        array(select lineage.id from lineage where lineage.of_id = goods.category_id) as category_ids,
        coalesce(stock.available_units, 0)::int as available_units,
        coalesce(stock.allow_backorder, false) as allow_backorder
    from goods
    left join lateral (
        select
            sum(greatest(level.available_units + coalesce(own_holds.units, 0), 0)) as available_units,
            bool_or(level.allow_backorder) as allow_backorder
        from shop_locations as drawn
        inner join locations as location
            on drawn.company_id = location.company_id and drawn.location_id = location.id
            and location.is_active and location.archived_at is null
        inner join stock_levels as level
            on drawn.company_id = level.company_id and drawn.location_id = level.location_id
            and level.variant_id = goods.variant_id
        left join own_holds
            on level.location_id = own_holds.location_id and level.variant_id = own_holds.variant_id
        where drawn.company_id = :company_id and drawn.shop_id = goods.shop_id
    ) as stock on true
    order by goods.position
    """
)
_COMPANY = sa.text(
    "select currency, timezone, prices_include_tax, reservation_minutes from companies where id = :company_id"
)


@dataclass(frozen=True, slots=True)
class CompanyTerms:
    """What holds for all that a company sells."""

    currency: str
    timezone: str
    prices_include_tax: bool
    reservation_minutes: int


@dataclass(frozen=True, slots=True)
class GoodsTerms:
    """A line that is sold in its shop, by its place in the question."""

    position: int
    variant_id: UUID
    shop_id: UUID
    product_id: UUID
    sku: str
    product_name: str
    variant_name: str | None
    image_url: str | None
    unit_price_amount: Decimal
    regular_price_amount: Decimal
    category_id: UUID | None
    category_ids: Sequence[UUID]
    weight_kg: Decimal
    has_free_shipping: bool
    shipping_class: str
    available_units: int
    allow_backorder: bool


async def read_company(connection: AsyncConnection, company_id: UUID) -> CompanyTerms:
    """Read what holds for the whole company."""
    row = (await connection.execute(_COMPANY, {"company_id": company_id})).mappings().one()
    return CompanyTerms(**row)


async def read_goods(
    connection: AsyncConnection,
    company_id: UUID,
    lines: Sequence[tuple[UUID, UUID]],
    *,
    cart_id: UUID | None,
) -> list[GoodsTerms]:
    """Read the terms of lines (variant, shop); those that are not sold there are left out."""
    values: dict[str, Any] = {
        "company_id": company_id,
        "cart_id": cart_id,
        "variant_ids": [variant_id for variant_id, _ in lines],
        "shop_ids": [shop_id for _, shop_id in lines],
    }
    rows = (await connection.execute(_TERMS, values)).mappings()
    return [GoodsTerms(**{**row, "position": row["position"] - 1}) for row in rows]
