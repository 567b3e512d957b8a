"""SQL that reads stock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.currency import company_currency
from api.inventory.tables import locations, reservations, shop_locations, stock_ledger, stock_levels

Row = sa.RowMapping

_VARIANT_TERMS = sa.table(
    "variant_terms",
    *(sa.column(name) for name in ("company_id", "variant_id", "sku", "product_name", "variant_name")),
)


async def list_levels(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    filters: Mapping[str, Any],
    after: tuple[UUID, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return levels by location and variant, one more than ``limit`` when there is a next page.

    ``filters`` are equalities; ``shop_ids`` narrows to the locations of those shops.
    """
    key = sa.tuple_(stock_levels.c.location_id, stock_levels.c.variant_id)
    statement = (
        _levels()
        .where(stock_levels.c.company_id == company_id, *_within(stock_levels, company_id, shop_ids))
        .where(*(stock_levels.c[name] == value for name, value in filters.items() if value is not None))
        .order_by(stock_levels.c.location_id, stock_levels.c.variant_id)
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(key > sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def get_level(
    connection: AsyncConnection, company_id: UUID, location_id: UUID, variant_id: UUID
) -> Row:
    """Return one level that is known to be there."""
    statement = _levels().where(
        stock_levels.c.company_id == company_id,
        stock_levels.c.location_id == location_id,
        stock_levels.c.variant_id == variant_id,
    )
    return (await connection.execute(statement)).mappings().one()


async def list_movements(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    filters: Mapping[str, Any],
    occurred_from: datetime | None,
    occurred_until: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return ledger rows, newest first, one more than ``limit`` when there is a next page."""
    ledger = stock_ledger.c
    statement = (
        sa.select(stock_ledger, company_currency(ledger.company_id))
        .where(ledger.company_id == company_id, *_within(stock_ledger, company_id, shop_ids))
        .where(*(ledger[name] == value for name, value in filters.items() if value is not None))
        .order_by(ledger.occurred_at.desc(), ledger.id.desc())
        .limit(limit + 1)
    )
    if occurred_from is not None:
        statement = statement.where(ledger.occurred_at >= occurred_from)
    if occurred_until is not None:
        statement = statement.where(ledger.occurred_at < occurred_until)
    if after is not None:
        statement = statement.where(sa.tuple_(ledger.occurred_at, ledger.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def available_units(
    connection: AsyncConnection,
    company_id: UUID,
    variant_ids: Collection[UUID],
    *,
    shop_ids: Collection[UUID] | None,
) -> dict[UUID, int]:
    """Return what is available of each variant, where the shops draw on; a level in backorder counts as 0."""
    statement = (
        sa.select(
            stock_levels.c.variant_id,
            sa.func.sum(sa.func.greatest(stock_levels.c.available_units, 0)).label("available_units"),
        )
        .where(
            stock_levels.c.company_id == company_id,
            # Named, so that the key leads to the rows: its second column is the location.
            stock_levels.c.location_id.in_(
                sa.select(locations.c.id).where(
                    locations.c.company_id == company_id,
                    locations.c.archived_at.is_(None),
                    # What is on its way can't be sold yet.
                    locations.c.kind != "in_transit",
                    *_within(locations, company_id, shop_ids, column="id"),
                )
            ),
            stock_levels.c.variant_id.in_(variant_ids),
        )
        .group_by(stock_levels.c.variant_id)
    )
    return {row.variant_id: int(row.available_units) for row in await connection.execute(statement)}


async def list_reservations(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
    filters: Mapping[str, Any],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return reservations, newest first, one more than ``limit`` when there is a next page."""
    held = reservations.c
    statement = (
        sa.select(reservations, _VARIANT_TERMS.c.sku, _VARIANT_TERMS.c.product_name)
        .join(
            _VARIANT_TERMS,
            sa.and_(
                held.company_id == _VARIANT_TERMS.c.company_id,
                held.variant_id == _VARIANT_TERMS.c.variant_id,
            ),
        )
        .where(held.company_id == company_id, *_within(reservations, company_id, shop_ids))
        .where(*(held[name] == value for name, value in filters.items() if value is not None))
        .order_by(held.created_at.desc(), held.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(sa.tuple_(held.created_at, held.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def exists_level(
    connection: AsyncConnection,
    company_id: UUID,
    location_id: UUID,
    variant_id: UUID,
    *,
    shop_ids: Collection[UUID] | None,
) -> bool:
    """Tell whether the variant has a level at the location, one of the shops' if shops are given."""
    level = stock_levels.c
    statement = sa.select(
        sa.exists().where(
            level.company_id == company_id,
            level.location_id == location_id,
            level.variant_id == variant_id,
            *_within(stock_levels, company_id, shop_ids),
        )
    )
    return bool(await connection.scalar(statement))


async def exists_location(
    connection: AsyncConnection, company_id: UUID, location_id: UUID, *, shop_ids: Collection[UUID] | None
) -> bool:
    """Tell whether stock may be moved there: it is in use, and one of the shops' if shops are given."""
    statement = sa.select(
        sa.exists().where(
            locations.c.company_id == company_id,
            locations.c.id == location_id,
            locations.c.archived_at.is_(None),
            locations.c.kind != "in_transit",
            *_within(locations, company_id, shop_ids, column="id"),
        )
    )
    return bool((await connection.execute(statement)).scalar_one())


async def next_document_number(
    connection: AsyncConnection, prefix: str, company_id: UUID, at: datetime
) -> str:
    """Return a number for a transfer or count, of the company's day."""
    statement = sa.text(
        "select document_number(:prefix, nextval('stock_document_number_seq'), :at, timezone)"
        " from companies where id = :company_id"
    )
    values = {"prefix": prefix, "at": at, "company_id": company_id}
    return str((await connection.execute(statement, values)).scalar_one())


async def unknown_variants(
    connection: AsyncConnection, company_id: UUID, variant_ids: Collection[UUID]
) -> set[UUID]:
    """Return those ids that are no variant's."""
    statement = sa.text(
        "select id from variants where company_id = :company_id and id = any(cast(:variant_ids as uuid[]))"
    )
    values = {"company_id": company_id, "variant_ids": list(variant_ids)}
    return set(variant_ids) - set((await connection.execute(statement, values)).scalars())


async def exists_variant(connection: AsyncConnection, company_id: UUID, variant_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from variants where company_id = :company_id and id = :variant_id)"
    )
    values = {"company_id": company_id, "variant_id": variant_id}
    return bool((await connection.execute(statement, values)).scalar_one())


def _levels() -> sa.Select[*tuple[Any, ...]]:
    joined = stock_levels.join(
        locations,
        sa.and_(
            stock_levels.c.company_id == locations.c.company_id,
            stock_levels.c.location_id == locations.c.id,
        ),
    ).join(
        _VARIANT_TERMS,
        sa.and_(
            stock_levels.c.company_id == _VARIANT_TERMS.c.company_id,
            stock_levels.c.variant_id == _VARIANT_TERMS.c.variant_id,
        ),
    )
    return sa.select(
        stock_levels,
        locations.c.name.label("location_name"),
        _VARIANT_TERMS.c.sku,
        _VARIANT_TERMS.c.product_name,
        _VARIANT_TERMS.c.variant_name,
    ).select_from(joined)


def _within(
    table: sa.Table, company_id: UUID, shop_ids: Collection[UUID] | None, *, column: str = "location_id"
) -> list[sa.ColumnElement[bool]]:
    """Narrow to the locations on which the shops draw; no shops given: all locations."""
    if shop_ids is None:
        return []
    drawn = sa.select(shop_locations.c.location_id).where(
        shop_locations.c.company_id == company_id, shop_locations.c.shop_id.in_(shop_ids)
    )
    return [table.c[column].in_(drawn)]
