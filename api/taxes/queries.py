"""SQL of tax rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.taxes.tables import tax_rates

Row = sa.RowMapping

# The rule itself is the function `tax_rate_for` of migration 0004, which placement calls too.
_RATES = sa.text(
    """
    select
        wanted.category_id,
        tax_rate_for(
            :company_id, wanted.category_id, cast(:country as text), cast(:region as text),
            cast(:at as timestamptz)
        ) as rate
    from unnest(cast(:category_ids as uuid [])) as wanted (category_id)
    """
)
_LOCK = sa.text(
    "select pg_advisory_xact_lock(hashtextextended('tax rates ' || cast(:company_id as text), 0))"
)
_OVERLAPPING = sa.text(
    """
    select tax_rates.id from tax_rates
    where tax_rates.company_id = :company_id and tax_rates.id <> :id and tax_rates.archived_at is null
    and tax_rates.country is not distinct from :country
    and tax_rates.region is not distinct from :region
    and tax_rates.category_id is not distinct from cast(:category_id as uuid)
    and tstzrange(tax_rates.valid_from, tax_rates.valid_until)
        && tstzrange(cast(:valid_from as timestamptz), cast(:valid_until as timestamptz))
    limit 1
    """
)


async def find_rates(
    connection: AsyncConnection,
    company_id: UUID,
    category_ids: Sequence[UUID | None],
    *,
    country: str | None,
    region: str | None,
    at: datetime,
) -> dict[UUID | None, Decimal]:
    """Return the rate of each category, in one query."""
    values = {
        "company_id": company_id,
        "category_ids": list(category_ids),
        "country": country,
        "region": region,
        "at": at,
    }
    return {row.category_id: row.rate for row in await connection.execute(_RATES, values)}


async def lock_rates(connection: AsyncConnection, company_id: UUID) -> None:
    """Hold back other changes of the company's rates, so that no two can come to overlap."""
    await connection.execute(_LOCK, {"company_id": company_id})


async def overlaps(connection: AsyncConnection, company_id: UUID, rate: Mapping[str, Any]) -> bool:
    """Tell whether another rate of the same category and place holds in part of the same time."""
    names = ("id", "country", "region", "category_id", "valid_from", "valid_until")
    values = {"company_id": company_id, **{name: rate[name] for name in names}}
    return (await connection.execute(_OVERLAPPING, values)).first() is not None


async def list_rates(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    country: str | None,
    category_id: UUID | None,
    valid_at: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return rates, the newest first, one more than ``limit`` when there is a next page."""
    statement = (
        sa.select(tax_rates)
        .where(tax_rates.c.company_id == company_id, tax_rates.c.archived_at.is_(None))
        .order_by(tax_rates.c.created_at.desc(), tax_rates.c.id.desc())
        .limit(limit + 1)
    )
    if country is not None:
        statement = statement.where(tax_rates.c.country == country)
    if category_id is not None:
        statement = statement.where(tax_rates.c.category_id == category_id)
    if valid_at is not None:
        statement = statement.where(
            tax_rates.c.valid_from <= valid_at,
            sa.or_(tax_rates.c.valid_until.is_(None), tax_rates.c.valid_until > valid_at),
        )
    if after is not None:
        statement = statement.where(sa.tuple_(tax_rates.c.created_at, tax_rates.c.id) < sa.tuple_(*after))
    return (await connection.execute(statement)).mappings().all()


async def get_rate(
    connection: AsyncConnection, company_id: UUID, tax_rate_id: UUID, *, for_update: bool = False
) -> Row | None:
    """Return a rate that is not archived."""
    statement = sa.select(tax_rates).where(
        tax_rates.c.company_id == company_id,
        tax_rates.c.id == tax_rate_id,
        tax_rates.c.archived_at.is_(None),
    )
    if for_update:
        statement = statement.with_for_update()
    return (await connection.execute(statement)).mappings().one_or_none()


async def insert_rate(connection: AsyncConnection, values: Mapping[str, Any]) -> Row:
    statement = sa.insert(tax_rates).values(**values).returning(*tax_rates.c)
    return (await connection.execute(statement)).mappings().one()


async def update_rate(
    connection: AsyncConnection, company_id: UUID, tax_rate_id: UUID, values: Mapping[str, Any]
) -> Row:
    statement = (
        sa.update(tax_rates)
        .where(tax_rates.c.company_id == company_id, tax_rates.c.id == tax_rate_id)
        .values(**values)
        .returning(*tax_rates.c)
    )
    return (await connection.execute(statement)).mappings().one()


async def exists_category(connection: AsyncConnection, company_id: UUID, category_id: UUID) -> bool:
    statement = sa.text(
        "select exists (select from categories where company_id = :company_id and id = :category_id"
        " and archived_at is null)"
    )
    values = {"company_id": company_id, "category_id": category_id}
    return bool((await connection.execute(statement, values)).scalar_one())
