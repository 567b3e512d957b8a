"""SQL of transfers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.tables import shop_locations, stock_transfer_lines, stock_transfers
from core.ids import new_id

Row = sa.RowMapping

_LINES = sa.text(
    """
    select
        line.*,
        terms.sku,
        terms.product_name,
        case
            when transfer.status in ('sent', 'partly_received')
                then line.units - line.received_units - line.lost_units
            else 0
        end as in_transit_units
    from stock_transfer_lines as line
    inner join stock_transfers as transfer
        on line.company_id = transfer.company_id and line.transfer_id = transfer.id
    inner join variant_terms as terms
        on line.company_id = terms.company_id and line.variant_id = terms.variant_id
    where line.company_id = :company_id and line.transfer_id = :transfer_id
    order by line.line_number
    """
)
_ADD_ARRIVED = sa.text(
    """
    update stock_transfer_lines as line
    set
        received_units = line.received_units + came.received_units,
        lost_units = line.lost_units + came.lost_units
    from unnest(cast(:line_ids as uuid []), cast(:received_units as int []), cast(:lost_units as int []))
        as came (line_id, received_units, lost_units)
    where line.company_id = :company_id and line.id = came.line_id
    """
)


async def insert_transfer(
    connection: AsyncConnection, values: Mapping[str, Any], units: Mapping[UUID, int]
) -> None:
    """Write a transfer and a line for each variant."""
    await connection.execute(sa.insert(stock_transfers).values(**values))
    lines = [
        {
            "company_id": values["company_id"],
            "id": new_id(),
            "transfer_id": values["id"],
            "variant_id": variant_id,
            "line_number": number,
            "units": count,
        }
        for number, (variant_id, count) in enumerate(units.items(), start=1)
    ]
    await connection.execute(sa.insert(stock_transfer_lines), lines)


async def lines_of(connection: AsyncConnection, company_id: UUID, transfer_id: UUID) -> Sequence[Row]:
    """Return a transfer's lines in their order."""
    values = {"company_id": company_id, "transfer_id": transfer_id}
    return (await connection.execute(_LINES, values)).mappings().all()


async def get_transfer(
    connection: AsyncConnection, company_id: UUID, transfer_id: UUID, *, shop_ids: Collection[UUID] | None
) -> dict[str, Any] | None:
    """Return a transfer with its lines, if one of the shops draws on one of its ends."""
    transfer = (await connection.execute(_find(company_id, transfer_id, shop_ids))).mappings().one_or_none()
    if transfer is None:
        return None
    lines = await lines_of(connection, company_id, transfer_id)
    return {**transfer, "lines": [dict(line) for line in lines]}


async def lock_transfer(
    connection: AsyncConnection, company_id: UUID, transfer_id: UUID, *, shop_ids: Collection[UUID] | None
) -> Row | None:
    """Return a transfer that nobody else changes until this transaction ends."""
    statement = _find(company_id, transfer_id, shop_ids).with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def update_transfer(
    connection: AsyncConnection, company_id: UUID, transfer_id: UUID, values: Mapping[str, Any]
) -> None:
    await connection.execute(
        sa.update(stock_transfers)
        .where(stock_transfers.c.company_id == company_id, stock_transfers.c.id == transfer_id)
        .values(**values)
    )


async def add_arrived(
    connection: AsyncConnection, company_id: UUID, received: Mapping[UUID, int], lost: Mapping[UUID, int]
) -> None:
    """Raise what arrived and what was lost of some lines."""
    line_ids = list(received.keys() | lost.keys())
    await connection.execute(
        _ADD_ARRIVED,
        {
            "company_id": company_id,
            "line_ids": line_ids,
            "received_units": [received.get(line_id, 0) for line_id in line_ids],
            "lost_units": [lost.get(line_id, 0) for line_id in line_ids],
        },
    )


async def list_transfers(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    status: str | None,
    location_id: UUID | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return transfers, newest first, one more than ``limit`` when there is a next page."""
    transfers = stock_transfers.c
    statement = (
        sa.select(stock_transfers)
        .where(transfers.company_id == company_id, *_within(company_id, shop_ids))
        .order_by(transfers.created_at.desc(), transfers.id.desc())
        .limit(limit + 1)
    )
    if status is not None:
        statement = statement.where(transfers.status == status)
    if location_id is not None:
        statement = statement.where(
            sa.or_(transfers.from_location_id == location_id, transfers.to_location_id == location_id)
        )
    if after is not None:
        statement = statement.where(sa.tuple_(transfers.created_at, transfers.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


def _find(
    company_id: UUID, transfer_id: UUID, shop_ids: Collection[UUID] | None
) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(stock_transfers).where(
        stock_transfers.c.company_id == company_id,
        stock_transfers.c.id == transfer_id,
        *_within(company_id, shop_ids),
    )


def _within(company_id: UUID, shop_ids: Collection[UUID] | None) -> list[sa.ColumnElement[bool]]:
    """Narrow to transfers from or to a location on which the shops draw."""
    if shop_ids is None:
        return []
    drawn = sa.select(shop_locations.c.location_id).where(
        shop_locations.c.company_id == company_id, shop_locations.c.shop_id.in_(shop_ids)
    )
    ends = (stock_transfers.c.from_location_id, stock_transfers.c.to_location_id)
    return [sa.or_(*(end.in_(drawn) for end in ends))]
