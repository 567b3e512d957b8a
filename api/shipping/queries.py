"""SQL of carriers, methods, tariffs and zones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.shipping.rules import Area, Band
from api.shipping.tables import (
    carriers,
    shipping_bands,
    shipping_methods,
    shipping_tariffs,
    shipping_zone_areas,
    shipping_zones,
)

Row = sa.RowMapping
Values = Mapping[str, Any]

_TARIFFS = sa.text(
    """
    select
        tariff.method_id,
        tariff.zone_id,
        zone.name as zone_name,
        tariff.free_from_amount,
        tariff.estimated_days_min,
        tariff.estimated_days_max,
        array_agg(band.from_bound order by band.from_bound) as bounds,
        array_agg(band.amount order by band.from_bound) as amounts
    from shipping_tariffs as tariff
    inner join shipping_zones as zone on tariff.company_id = zone.company_id and tariff.zone_id = zone.id
    inner join shipping_bands as band
        on tariff.company_id = band.company_id and tariff.method_id = band.method_id
        and tariff.zone_id = band.zone_id
    where tariff.company_id = :company_id and tariff.method_id = :method_id and zone.archived_at is null
    group by tariff.company_id, tariff.method_id, tariff.zone_id, zone.company_id, zone.id
    order by zone.name, zone.id
    """
)
_SHOP = sa.text(
    "select exists (select from shops where company_id = :company_id and id = :shop_id"
    " and archived_at is null)"
)
_AREA_COUNT = (
    sa.select(sa.func.count())
    .where(
        shipping_zone_areas.c.company_id == shipping_zones.c.company_id,
        shipping_zone_areas.c.zone_id == shipping_zones.c.id,
    )
    .scalar_subquery()
    .label("area_count")
)


def _of_shops(table: sa.Table, shop_ids: Collection[UUID] | None) -> list[sa.ColumnElement[bool]]:
    """The company's own and these shops'; None: every shop's."""
    return [] if shop_ids is None else [sa.or_(table.c.shop_id.is_(None), table.c.shop_id.in_(shop_ids))]


async def exists_shop(connection: AsyncConnection, company_id: UUID, shop_id: UUID) -> bool:
    values = {"company_id": company_id, "shop_id": shop_id}
    return bool((await connection.execute(_SHOP, values)).scalar_one())


async def find(
    connection: AsyncConnection, table: sa.Table, company_id: UUID, row_id: UUID, *, for_update: bool = False
) -> Row | None:
    """Return a carrier, method or zone that is not archived."""
    statement = sa.select(table).where(
        table.c.company_id == company_id, table.c.id == row_id, table.c.archived_at.is_(None)
    )
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def insert(connection: AsyncConnection, table: sa.Table, values: Values) -> None:
    await connection.execute(sa.insert(table).values(**values))


async def update(
    connection: AsyncConnection, table: sa.Table, company_id: UUID, row_id: UUID, values: Values
) -> None:
    await connection.execute(
        sa.update(table).where(table.c.company_id == company_id, table.c.id == row_id).values(**values)
    )


async def list_carriers(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    is_active: bool | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return carriers by code, one more than ``limit`` when there is a next page."""
    statement = sa.select(carriers).where(
        carriers.c.company_id == company_id, carriers.c.archived_at.is_(None)
    )
    return await _page(connection, statement, carriers, "code", is_active, after, limit)


async def list_methods(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    is_active: bool | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return methods by code, one more than ``limit`` when there is a next page."""
    statement = _methods(company_id).where(*_of_shops(shipping_methods, shop_ids))
    return await _page(connection, statement, shipping_methods, "code", is_active, after, limit)


async def list_zones(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    is_active: bool | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return zones by name, one more than ``limit`` when there is a next page."""
    statement = sa.select(shipping_zones, _AREA_COUNT).where(
        shipping_zones.c.company_id == company_id,
        shipping_zones.c.archived_at.is_(None),
        *_of_shops(shipping_zones, shop_ids),
    )
    return await _page(connection, statement, shipping_zones, "name", is_active, after, limit)


async def get_method(connection: AsyncConnection, company_id: UUID, method_id: UUID) -> Row | None:
    """Return a method with its carrier's name."""
    statement = _methods(company_id).where(shipping_methods.c.id == method_id)
    row: Row | None = (await connection.execute(statement)).mappings().one_or_none()
    return row


async def list_tariffs(connection: AsyncConnection, company_id: UUID, method_id: UUID) -> Sequence[Row]:
    """Return a method's tariffs by zone, each with its bands' bounds and amounts in order."""
    values = {"company_id": company_id, "method_id": method_id}
    return (await connection.execute(_TARIFFS, values)).mappings().all()


async def list_areas(connection: AsyncConnection, company_id: UUID, zone_id: UUID) -> Sequence[Row]:
    statement = (
        sa.select(shipping_zone_areas)
        .where(shipping_zone_areas.c.company_id == company_id, shipping_zone_areas.c.zone_id == zone_id)
        .order_by(shipping_zone_areas.c.position)
    )
    return (await connection.execute(statement)).mappings().all()


async def replace_areas(
    connection: AsyncConnection, company_id: UUID, zone_id: UUID, areas: Sequence[Area]
) -> None:
    """Write a zone's places anew."""
    await connection.execute(
        sa.delete(shipping_zone_areas).where(
            shipping_zone_areas.c.company_id == company_id, shipping_zone_areas.c.zone_id == zone_id
        )
    )
    rows = [
        {"company_id": company_id, "zone_id": zone_id, "position": position, **vars(area)}
        for position, area in enumerate(areas)
    ]
    await connection.execute(sa.insert(shipping_zone_areas), rows)


async def replace_tariff(connection: AsyncConnection, tariff: Values, bands: Sequence[Band]) -> None:
    """Write what a method costs in a zone anew."""
    await delete_tariff(connection, tariff["company_id"], tariff["method_id"], tariff["zone_id"])
    await connection.execute(sa.insert(shipping_tariffs).values(**tariff))
    key = {name: tariff[name] for name in ("company_id", "method_id", "zone_id")}
    await connection.execute(sa.insert(shipping_bands), [{**key, **vars(band)} for band in bands])


async def delete_tariff(
    connection: AsyncConnection, company_id: UUID, method_id: UUID, zone_id: UUID
) -> bool:
    """Delete a tariff with its bands; tell whether there was one."""
    statement = sa.delete(shipping_tariffs).where(
        shipping_tariffs.c.company_id == company_id,
        shipping_tariffs.c.method_id == method_id,
        shipping_tariffs.c.zone_id == zone_id,
    )
    return (await connection.execute(statement)).rowcount > 0


def _methods(company_id: UUID) -> sa.Select[Any]:
    of_carrier = sa.and_(
        carriers.c.company_id == shipping_methods.c.company_id, carriers.c.id == shipping_methods.c.carrier_id
    )
    return (
        sa.select(shipping_methods, carriers.c.name.label("carrier"))
        .select_from(shipping_methods.outerjoin(carriers, of_carrier))
        .where(shipping_methods.c.company_id == company_id, shipping_methods.c.archived_at.is_(None))
    )


async def _page(
    connection: AsyncConnection,
    statement: sa.Select[Any],
    table: sa.Table,
    order: str,
    is_active: bool | None,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    if is_active is not None:
        statement = statement.where(table.c.is_active == is_active)
    if after is not None:
        statement = statement.where(sa.tuple_(table.c[order], table.c.id) > sa.tuple_(*after))
    ordered = statement.order_by(table.c[order], table.c.id).limit(limit + 1)
    rows: Sequence[Row] = (await connection.execute(ordered)).mappings().all()
    return rows
