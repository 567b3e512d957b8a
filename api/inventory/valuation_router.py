"""What stock is worth, and what left it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.dependencies import AppDatabase
from api.errors import InvalidContent, responses_for
from api.inventory.valuation import Period, company_method, value_stock
from api.inventory.valuation_schemas import LevelValuation, Valuation, ValuationMethod, ValuationRead
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.schemas import Day
from core.postgres.transaction import transaction
from core.time import day_bounds, time_zone

_FIRST, _LAST = date(1970, 1, 1), date(2199, 12, 31)

router = APIRouter(prefix="/inventory", tags=["inventory"])


@router.get("/valuation", responses=responses_for(InvalidCursor, InvalidContent))
async def value_inventory(
    caller: CurrentCaller,
    database: AppDatabase,
    method: Annotated[
        ValuationMethod | None, Query(description="Without it, the company's own (its settings)")
    ] = None,
    from_date: Annotated[
        Day | None,
        Query(
            alias="from",
            ge=_FIRST,
            le=_LAST,
            description="First day of the period, in the company's time zone",
        ),
    ] = None,
    as_of: Annotated[
        Day | None,
        Query(ge=_FIRST, le=_LAST, description="Last day, included; without it, all that happened"),
    ] = None,
    location_id: UUID | None = None,
    variant_id: UUID | None = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> ValuationRead:
    """Value stock and the cost of goods sold by location and variant, from the ledger."""
    if from_date is not None and as_of is not None and from_date > as_of:
        raise InvalidContent("The period ends before it begins.", pointer="/query/from")
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        chosen = method or await company_method(connection, company_id)
        binding = binding_of(
            "valuation",
            method=chosen,
            since=from_date,
            until=as_of,
            location_id=location_id,
            variant_id=variant_id,
        )
        after = decode_cursor(cursor, binding=binding, types=(UUID, UUID))
        currency, period = await _terms(connection, company_id, from_date, as_of)
        rows = await value_stock(
            connection,
            company_id,
            method=chosen,
            period=period,
            location_ids=None if location_id is None else [location_id],
            variant_ids=None if variant_id is None else [variant_id],
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["location_id"], row["variant_id"])
    )
    return ValuationRead(
        method=chosen,
        currency=currency,
        from_date=from_date,
        as_of_date=as_of,
        totals=_totals(rows),
        items=[LevelValuation.model_validate(dict(row)) for row in page],
        next_cursor=next_cursor,
    )


async def _terms(
    connection: AsyncConnection, company_id: UUID, first: date | None, last: date | None
) -> tuple[str, Period]:
    """Return the company's currency, and the period as instants by its calendar."""
    statement = sa.text("select currency, timezone from companies where id = :company_id")
    company = (await connection.execute(statement, {"company_id": company_id})).one()
    zone = time_zone(company.timezone)
    return company.currency, Period(
        since=None if first is None else day_bounds(first, zone).start,
        until=None if last is None else day_bounds(last, zone).end,
    )


def _totals(rows: Sequence[sa.RowMapping]) -> Valuation:
    names = Valuation.model_fields
    if not rows:
        return Valuation.model_validate(dict.fromkeys(names, 0))
    return Valuation.model_validate({name: rows[0][f"total_{name}"] for name in names})
