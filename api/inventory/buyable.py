"""Which products can be bought right now: for sale, with a price, and in stock or open for backorder."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_BUYABLE = sa.text(
    """
    select distinct terms.product_id
    from variant_terms as terms
    inner join stock_levels as level
        on terms.company_id = level.company_id and terms.variant_id = level.variant_id
    inner join locations as location
        on level.company_id = location.company_id and level.location_id = location.id
        and location.is_active and location.archived_at is null and location.kind <> 'in_transit'
    where terms.product_id = any(cast(:product_ids as uuid[]))
    and terms.is_sellable and terms.unit_price_amount > 0
    and (level.available_units > 0 or level.allow_backorder)
    and (cast(:shop_id as uuid) is null or terms.shop_id is null or terms.shop_id = :shop_id)
    and (
        cast(:shop_id as uuid) is null
        or exists (
            select from shop_locations as draws
            where draws.company_id = level.company_id and draws.location_id = level.location_id
            and draws.shop_id = :shop_id
        )
    )
    """
)


async def buyable_products(
    connection: AsyncConnection, product_ids: Collection[UUID], *, shop_id: UUID | None
) -> set[UUID]:
    """Return those that can be bought; in ``shop_id``, from the locations it draws on, if one is named."""
    parameters = {"product_ids": list(product_ids), "shop_id": shop_id}
    return set((await connection.execute(_BUYABLE, parameters)).scalars())
