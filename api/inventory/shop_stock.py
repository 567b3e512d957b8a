"""What each of several shops can sell of a variant, from the locations it draws on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class ShopStock:
    """Units that a shop could sell now, and whether it sells more than it has."""

    available_units: int
    allow_backorder: bool


NO_STOCK = ShopStock(0, allow_backorder=False)

# What the owner holds itself (a cart) counts as available to it.
_STOCK = sa.text(
    """
    with held as materialized (
        select reservation.location_id, reservation.variant_id, sum(reservation.reserved_units) as units
        from reservations as reservation
        where reservation.company_id = :company_id and reservation.owner_id = :owner_id
        and reservation.status = 'live'
        group by reservation.location_id, reservation.variant_id
    ),

    drawn as materialized (
        select draws.shop_id, draws.location_id
        from shop_locations as draws
        inner join locations as location
            on draws.company_id = location.company_id and draws.location_id = location.id
        where draws.company_id = :company_id and draws.shop_id = any(cast(:shop_ids as uuid []))
        and location.is_active and location.archived_at is null
    )

    select
        wanted.variant_id,
        wanted.shop_id,
        sum(greatest(level.available_units + coalesce(held.units, 0), 0))::int as available_units,
        bool_or(level.allow_backorder) as allow_backorder
    from unnest(cast(:variant_ids as uuid []), cast(:shop_ids as uuid [])) as wanted (variant_id, shop_id)
    inner join (select distinct drawn.shop_id, drawn.location_id from drawn) as place
        on wanted.shop_id = place.shop_id
    inner join stock_levels as level
        on level.company_id = :company_id and place.location_id = level.location_id
        and wanted.variant_id = level.variant_id
    left join held on level.location_id = held.location_id and level.variant_id = held.variant_id
    group by wanted.variant_id, wanted.shop_id
    """
)


async def shop_stock(
    connection: AsyncConnection,
    company_id: UUID,
    wanted: Collection[tuple[UUID, UUID]],
    *,
    owner_id: UUID | None = None,
) -> dict[tuple[UUID, UUID], ShopStock]:
    """Return the stock of each (variant, shop), all of them in one statement."""
    keys = list(dict.fromkeys(wanted))
    if not keys:
        return {}
    rows = await connection.execute(
        _STOCK,
        {
            "company_id": company_id,
            "owner_id": owner_id,
            "variant_ids": [variant_id for variant_id, _ in keys],
            "shop_ids": [shop_id for _, shop_id in keys],
        },
    )
    found = {
        (row.variant_id, row.shop_id): ShopStock(row.available_units, row.allow_backorder) for row in rows
    }
    return {key: found.get(key, NO_STOCK) for key in keys}
