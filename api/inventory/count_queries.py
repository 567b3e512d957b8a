"""SQL of counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.tables import shop_locations, stock_counts, stock_levels

Row = sa.RowMapping

_LINES = sa.text(
    """
    select line.*, terms.sku, terms.product_name
    from stock_count_lines as line
    inner join variant_terms as terms
        on line.company_id = terms.company_id and line.variant_id = terms.variant_id
    where line.company_id = :company_id and line.count_id = :count_id
    order by terms.sku, line.variant_id
    """
)
# A line that is on another open sheet is left out by the unique index, also if that sheet commits meanwhile.
_INSERT_LINES = sa.text(
    """
    with wanted as (
        select unnest(cast(:variant_ids as uuid [])) as variant_id
    ),

    added as (
        insert into stock_count_lines (company_id, count_id, location_id, variant_id, expected_units)
        select :company_id, :count_id, :location_id, wanted.variant_id, coalesce(level.on_hand_units, 0)
        from wanted
        left join stock_levels as level
            on level.company_id = :company_id and level.location_id = :location_id
            and wanted.variant_id = level.variant_id
        order by wanted.variant_id
        on conflict do nothing
        returning variant_id
    )

    select variant_id from wanted
    except
    select variant_id from added
    order by variant_id
    """
)
_SET_COUNTED = sa.text(
    """
    update stock_count_lines as line
    set
        counted_units = entered.counted_units,
        on_hand_when_counted_units = entered.on_hand_units,
        counted_by = :counted_by,
        counted_at = :at
    from unnest(cast(:variant_ids as uuid []), cast(:counted_units as int []), cast(:on_hand_units as int []))
        as entered (variant_id, counted_units, on_hand_units)
    where line.company_id = :company_id and line.count_id = :count_id and line.variant_id = entered.variant_id
    """
)


async def variants_at(
    connection: AsyncConnection, company_id: UUID, location_id: UUID, *, limit: int
) -> list[UUID]:
    """Return the variants that have a level at the location."""
    statement = (
        sa.select(stock_levels.c.variant_id)
        .where(stock_levels.c.company_id == company_id, stock_levels.c.location_id == location_id)
        .order_by(stock_levels.c.variant_id)
        .limit(limit)
    )
    return list((await connection.execute(statement)).scalars())


async def insert_count(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    await connection.execute(sa.insert(stock_counts).values(**values))


async def insert_lines(
    connection: AsyncConnection,
    company_id: UUID,
    count_id: UUID,
    location_id: UUID,
    variant_ids: Sequence[UUID],
) -> list[UUID]:
    """Put variants on a sheet, and return those that are on another open one."""
    if not variant_ids:
        return []
    values = {
        "company_id": company_id,
        "count_id": count_id,
        "location_id": location_id,
        "variant_ids": list(variant_ids),
    }
    return list((await connection.execute(_INSERT_LINES, values)).scalars())


async def lines_of(connection: AsyncConnection, company_id: UUID, count_id: UUID) -> Sequence[Row]:
    """Return a sheet's lines by SKU."""
    values = {"company_id": company_id, "count_id": count_id}
    return (await connection.execute(_LINES, values)).mappings().all()


async def get_count(
    connection: AsyncConnection,
    company_id: UUID,
    count_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    lock: bool = False,
) -> Row | None:
    """Return a sheet, if it is of a location on which one of the shops draws."""
    statement = sa.select(stock_counts).where(
        stock_counts.c.company_id == company_id,
        stock_counts.c.id == count_id,
        *_within(company_id, shop_ids),
    )
    if lock:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def set_counted(
    connection: AsyncConnection,
    company_id: UUID,
    count_id: UUID,
    *,
    counted: Mapping[UUID, tuple[int, int]],
    counted_by: UUID | None,
    at: datetime,
) -> None:
    """Write (counted, on hand) of each variant."""
    await connection.execute(
        _SET_COUNTED,
        {
            "company_id": company_id,
            "count_id": count_id,
            "variant_ids": list(counted),
            "counted_units": [units for units, _ in counted.values()],
            "on_hand_units": [units for _, units in counted.values()],
            "counted_by": counted_by,
            "at": at,
        },
    )


async def end_count(
    connection: AsyncConnection,
    company_id: UUID,
    count_id: UUID,
    *,
    status: str,
    closed_by: UUID | None,
    at: datetime,
) -> None:
    """Give a sheet its last status; its variants may be on another one."""
    key = {"company_id": company_id, "count_id": count_id}
    await connection.execute(
        sa.update(stock_counts)
        .where(stock_counts.c.company_id == company_id, stock_counts.c.id == count_id)
        .values(status=status, closed_by=closed_by, closed_at=at)
    )
    await connection.execute(
        sa.text(
            "update stock_count_lines set is_open = false"
            " where company_id = :company_id and count_id = :count_id"
        ),
        key,
    )


async def list_counts(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    status: str | None,
    location_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return sheets, newest first, one more than ``limit`` when there is a next page."""
    counts = stock_counts.c
    statement = (
        sa.select(stock_counts)
        .where(counts.company_id == company_id, *_within(company_id, shop_ids))
        .order_by(counts.created_at.desc(), counts.id.desc())
        .limit(limit + 1)
    )
    if status is not None:
        statement = statement.where(counts.status == status)
    if location_id is not None:
        statement = statement.where(counts.location_id == location_id)
    if after is not None:
        statement = statement.where(sa.tuple_(counts.created_at, counts.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


def _within(company_id: UUID, shop_ids: Collection[UUID] | None) -> list[sa.ColumnElement[bool]]:
    if shop_ids is None:
        return []
    drawn = sa.select(shop_locations.c.location_id).where(
        shop_locations.c.company_id == company_id, shop_locations.c.shop_id.in_(shop_ids)
    )
    return [stock_counts.c.location_id.in_(drawn)]
