"""Tax rates by category and place: list, read, add, change, archive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, AlreadyExists, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.places import normal_name
from api.schemas import Instant, Page
from api.taxes import queries, service
from api.taxes.errors import TaxRatesOverlap
from api.taxes.schemas import TaxRateCreate, TaxRateRead, TaxRateUpdate
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/tax-rates", tags=["tax rates"])
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The version you know is current"}}
_SOUND = (AlreadyExists, UnknownReference, TaxRatesOverlap)


@router.get("", responses=responses_for(InvalidCursor))
async def list_tax_rates(
    caller: CurrentCaller,
    database: AppDatabase,
    country: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    category_id: UUID | None = None,
    valid_at: Annotated[Instant | None, Query(description="Only rates that hold at this instant")] = None,
    cursor: PageCursor = None,
    limit: PageLimit = 50,
) -> Page[TaxRateRead]:
    """List the company's tax rates, the newest first."""
    binding = binding_of("tax rates", country=country, category_id=category_id, valid_at=valid_at)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        rows = await queries.list_rates(
            connection,
            company_id,
            country=normal_name(country),
            category_id=category_id,
            valid_at=valid_at,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"], row["id"])
    )
    return Page(items=[TaxRateRead.model_validate(row) for row in page], next_cursor=next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=TaxRateRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, *_SOUND),
)
async def create_tax_rate(
    rate: TaxRateCreate, keyed: Keyed, caller: CurrentCaller, database: AppDatabase, now: Now
) -> Response:
    """Add a rate for a category, a place, or both."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await service.create_rate(connection, rate, caller=caller, now=now)
        return Outcome(created, resource_id=created.id)

    return await answer_once(database, keyed, work)


@router.get("/{tax_rate_id}", response_model=TaxRateRead, responses=_NOT_MODIFIED | responses_for(NotFound))
async def read_tax_rate(
    tax_rate_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a rate. The ETag names its version, for If-Match."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        return answer(await service.read_rate(connection, company_id, tax_rate_id), request)


@router.patch(
    "/{tax_rate_id}",
    response_model=TaxRateRead,
    responses=responses_for(NotFound, *_SOUND, *VERSION_ERRORS),
)
async def update_tax_rate(
    tax_rate_id: UUID,
    changes: TaxRateUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change a rate. Orders that are placed keep the rate that they were placed with."""

    async def work(connection: AsyncConnection) -> TaxRateRead:
        return await service.update_rate(connection, tax_rate_id, changes, caller=caller, if_match=if_match)

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


@router.delete("/{tax_rate_id}", status_code=204, responses=responses_for(NotFound, *VERSION_ERRORS))
async def archive_tax_rate(
    tax_rate_id: UUID, caller: CurrentCaller, database: AppDatabase, now: Now, if_match: IfMatch = None
) -> None:
    """Archive a rate: from now on the next less specific one holds."""

    async def work(connection: AsyncConnection) -> None:
        await service.archive_rate(connection, tax_rate_id, caller=caller, if_match=if_match, now=now)

    await run_in_transaction(database, work, company_id=caller.require_company(), user_id=caller.user_id)
