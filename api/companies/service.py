"""Use cases of companies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller, Scope
from api.companies import queries
from api.companies.errors import UnknownTimeZone
from api.companies.schemas import CompanySettingsUpdate
from api.errors import NotFound
from core.events.outbox import append_event
from core.postgres.pools import Database
from core.postgres.transaction import transaction
from core.time import UnknownTimeZoneError, time_zone


@dataclass(frozen=True)
class CompanyName:
    """What a company is called."""

    id: UUID
    slug: str
    name: str


async def list_all(database: Database, *, user_id: UUID, after_slug: str, limit: int) -> list[CompanyName]:
    """List every company, for super admins; one more than ``limit`` tells that there is a next page."""
    async with transaction(database, company_id=None, user_id=user_id) as connection:
        rows = await queries.list_all(connection, after_slug=after_slug, limit=limit + 1)
    return [CompanyName(row.company_id, row.company_slug, row.company_name) for row in rows]


async def read(database: Database, caller: Caller, company_id: UUID) -> sa.Row[Any]:
    """Read a company within the caller's reach."""
    async with transaction(
        database, company_id=reachable(caller, company_id), user_id=caller.user_id
    ) as connection:
        company = await queries.read(connection, company_id)
    if company is None:
        raise NotFound
    return company


async def change_settings(
    database: Database, caller: Caller, company_id: UUID, wanted: CompanySettingsUpdate, *, request_id: str
) -> sa.Row[Any]:
    """Change a company's settings and tell what changed."""
    values = {name: value for name, value in wanted.model_dump().items() if value is not None}
    if wanted.timezone is not None:
        try:
            time_zone(wanted.timezone)
        except UnknownTimeZoneError:
            raise UnknownTimeZone(pointer="/timezone") from None
    async with transaction(
        database, company_id=reachable(caller, company_id), user_id=caller.user_id
    ) as connection:
        company = (
            await queries.update(connection, company_id, values)
            if values
            else await queries.read(connection, company_id)
        )
        if company is None:
            raise NotFound
        if values:
            await append_event(
                connection,
                company_id=company_id,
                type="company.updated",
                aggregate_type="company",
                aggregate_id=company_id,
                payload={"fields": sorted(values)},
                actor_user_id=caller.user_id,
                request_id=request_id,
            )
    return company


async def read_bound_company(connection: AsyncConnection) -> CompanyName | None:
    """Name the company that the transaction is bound to; None if it is closed."""
    row = await queries.read_bound(connection)
    return None if row is None else CompanyName(row.id, row.slug, row.name)


def reachable(caller: Caller, company_id: UUID) -> UUID:
    """Return the company to bind: the token's own, or any for the platform's people.

    Raises
    ------
    NotFound
        For another company than the token's: the same answer as for none.
    """
    if caller.scope is not Scope.PLATFORM and caller.company_id != company_id:
        raise NotFound
    return company_id
