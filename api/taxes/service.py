"""Tax rates: which one holds for goods that go somewhere, and the use cases of those who keep them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.conditional import require_version
from api.errors import InvalidContent, NotFound, UnknownReference
from api.places import Destination, normal_name, place_of
from api.taxes import queries
from api.taxes.errors import TaxRatesOverlap
from api.taxes.schemas import TaxRateCreate, TaxRateRead, TaxRateUpdate
from core.events.outbox import append_event
from core.ids import new_id
from core.time import utc_now

_NEVER_EMPTY = ("name", "rate", "valid_from")


async def tax_rates_for(
    connection: AsyncConnection,
    company_id: UUID,
    *,
    category_ids: Sequence[UUID | None],
    destination: Destination | None,
    at: datetime | None = None,
) -> dict[UUID | None, Decimal]:
    """Return the tax rate of each category for goods that go to ``destination``, in one query.

    A rate of the category beats one of the categories above it (the nearest first), and these beat rates
    that name no category; of equally near ones the region's beats the country's, and that one the rate of
    everywhere. Without any, the company's own rate holds. None among ``category_ids`` stands for goods
    without a category. In SQL the same rule is ``tax_rate_for(company, category, country, region, at)``.
    """
    if not category_ids:
        return {}
    place = place_of(destination)
    return await queries.find_rates(
        connection,
        company_id,
        list(dict.fromkeys(category_ids)),
        country=place.country,
        region=place.region,
        at=at or utc_now(),
    )


async def create_rate(
    connection: AsyncConnection, rate: TaxRateCreate, *, caller: Caller, now: datetime
) -> TaxRateRead:
    """Add a rate, unless another of the same category and place holds in part of its time."""
    company_id = caller.require_company()
    values = {**_spelled(rate.model_dump()), "valid_from": rate.valid_from or now}
    values |= {"company_id": company_id, "id": new_id()}
    await _require_sound(connection, company_id, values)
    row = await queries.insert_rate(connection, values)
    await _tell(connection, "tax_rate.created", row, caller=caller)
    return TaxRateRead.model_validate(row)


async def read_rate(connection: AsyncConnection, company_id: UUID, tax_rate_id: UUID) -> TaxRateRead:
    row = await queries.get_rate(connection, company_id, tax_rate_id)
    if row is None:
        raise NotFound
    return TaxRateRead.model_validate(row)


async def update_rate(
    connection: AsyncConnection,
    tax_rate_id: UUID,
    changes: TaxRateUpdate,
    *,
    caller: Caller,
    if_match: str | None,
) -> TaxRateRead:
    """Change what was sent of the version that the caller has seen."""
    company_id = caller.require_company()
    current = await _lock(connection, company_id, tax_rate_id, if_match=if_match)
    values = _spelled(changes.model_dump(exclude_unset=True))
    for name in _NEVER_EMPTY:
        if name in values and values[name] is None:
            raise InvalidContent("This can't be empty.", pointer=f"/{name}")
    if not values:
        return current
    await _require_sound(connection, company_id, {**current.model_dump(mode="python"), **values})
    row = await queries.update_rate(connection, company_id, tax_rate_id, values)
    await _tell(connection, "tax_rate.updated", row, caller=caller)
    return TaxRateRead.model_validate(row)


async def archive_rate(
    connection: AsyncConnection, tax_rate_id: UUID, *, caller: Caller, if_match: str | None, now: datetime
) -> None:
    """Take a rate out of use: it holds for no order from now on."""
    company_id = caller.require_company()
    await _lock(connection, company_id, tax_rate_id, if_match=if_match)
    row = await queries.update_rate(connection, company_id, tax_rate_id, {"archived_at": now})
    await _tell(connection, "tax_rate.archived", row, caller=caller)


async def _lock(
    connection: AsyncConnection, company_id: UUID, tax_rate_id: UUID, *, if_match: str | None
) -> TaxRateRead:
    await queries.lock_rates(connection, company_id)
    row = await queries.get_rate(connection, company_id, tax_rate_id, for_update=True)
    if row is None:
        raise NotFound
    current = TaxRateRead.model_validate(row)
    require_version(if_match, current)
    return current


def _spelled(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: normal_name(value) if name in ("country", "region") else value for name, value in values.items()
    }


async def _require_sound(connection: AsyncConnection, company_id: UUID, rate: dict[str, Any]) -> None:
    if rate["region"] is not None and rate["country"] is None:
        raise InvalidContent("A region needs its country.", pointer="/region")
    if rate["valid_until"] is not None and rate["valid_until"] <= rate["valid_from"]:
        raise InvalidContent("It would end before it begins.", pointer="/valid_until")
    category_id = rate["category_id"]
    if category_id is not None and not await queries.exists_category(connection, company_id, category_id):
        raise UnknownReference("There is no such category.", pointer="/category_id")
    await queries.lock_rates(connection, company_id)
    if await queries.overlaps(connection, company_id, rate):
        raise TaxRatesOverlap


async def _tell(connection: AsyncConnection, kind: str, row: queries.Row, *, caller: Caller) -> None:
    await append_event(
        connection,
        company_id=row["company_id"],
        type=kind,
        aggregate_type="tax_rate",
        aggregate_id=row["id"],
        payload={
            "tax_rate_id": str(row["id"]),
            "category_id": None if row["category_id"] is None else str(row["category_id"]),
            "country": row["country"],
            "region": row["region"],
            "rate": str(row["rate"]),
        },
        actor_user_id=caller.user_id,
    )
