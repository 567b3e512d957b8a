"""Suppliers and their terms, and how they deliver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.access import Caller, CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    AlreadyExists,
    InvalidContent,
    NotFound,
    UnknownReference,
    responses_for,
)
from api.idempotency import Keyed, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.purchasing import queries, suppliers
from api.purchasing.errors import SupplierHasOpenOrders
from api.purchasing.performance import supplier_performance
from api.purchasing.schemas import (
    PerformanceRead,
    SupplierCreate,
    SupplierPage,
    SupplierRead,
    SupplierUpdate,
    TermsList,
    TermsRead,
    TermsWrite,
)
from api.schemas import Day
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction
from core.time import local_date, time_zone

router = APIRouter(prefix="/suppliers", tags=["suppliers"])
Result = TypeVar("Result")
_FIRST, _LAST = date(1970, 1, 1), date(2199, 12, 31)
_YEAR = timedelta(days=365)


@router.post(
    "",
    status_code=201,
    response_model=SupplierRead,
    responses=responses_for(AlreadyExists, *IDEMPOTENCY_ERRORS),
)
async def create_supplier(
    supplier: SupplierCreate, caller: CurrentCaller, key: Keyed, database: AppDatabase
) -> Response:
    """Add a supplier; its code is unique in the company."""

    async def work(connection: AsyncConnection) -> Outcome:
        created = await suppliers.create_supplier(connection, supplier, company_id=caller.require_company())
        return Outcome(created, created.id)

    return await answer_once(database, key, work)


@router.get("", response_model=SupplierPage, responses=responses_for(InvalidCursor))
async def list_suppliers(
    caller: CurrentCaller,
    database: AppDatabase,
    is_active: Annotated[bool | None, Query()] = None,
    variant_id: Annotated[UUID | None, Query(description="Those that offer the variant")] = None,
    include_archived: bool = False,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Any:
    """List suppliers by name."""
    binding = binding_of(
        "suppliers by name", is_active=is_active, variant_id=variant_id, archived=include_archived
    )
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await queries.list_suppliers(
            connection,
            after=None if after is None else (after[0], after[1]),
            is_active=is_active,
            variant_id=variant_id,
            include_archived=include_archived,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["name"], row["id"])
    )
    return {"items": page, "next_cursor": next_cursor}


@router.get("/{supplier_id}", response_model=SupplierRead, responses=responses_for(NotFound))
async def read_supplier(
    supplier_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read one supplier."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return answer(await suppliers.read_supplier(connection, supplier_id), request)


@router.patch(
    "/{supplier_id}", response_model=SupplierRead, responses=responses_for(NotFound, *VERSION_ERRORS)
)
async def update_supplier(
    supplier_id: UUID,
    changes: SupplierUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change some of a supplier's fields."""

    async def work(connection: AsyncConnection) -> SupplierRead:
        return await suppliers.update_supplier(connection, supplier_id, changes, if_match=if_match)

    return answer(await _in_transaction(database, caller, work), request)


@router.delete(
    "/{supplier_id}",
    response_model=SupplierRead,
    responses=responses_for(NotFound, SupplierHasOpenOrders, *VERSION_ERRORS),
)
async def archive_supplier(
    supplier_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Take a supplier and its terms out of use."""

    async def work(connection: AsyncConnection) -> SupplierRead:
        return await suppliers.archive_supplier(connection, supplier_id, if_match=if_match, now=now)

    return answer(await _in_transaction(database, caller, work), request)


@router.get("/{supplier_id}/performance", responses=responses_for(NotFound, InvalidContent))
async def read_performance(
    supplier_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    from_date: Annotated[
        Day | None,
        Query(alias="from", ge=_FIRST, le=_LAST, description="Sent on this day or later; a year back"),
    ] = None,
    to_date: Annotated[
        Day | None, Query(alias="to", ge=_FIRST, le=_LAST, description="Sent on this day at the latest")
    ] = None,
) -> PerformanceRead:
    """Measure a supplier's lead times, punctuality and completeness."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        company = await queries.company_terms(connection, company_id)
        today = local_date(now, time_zone(company["timezone"]))
        last = to_date or today
        first = from_date or max(last - _YEAR, _FIRST)
        if first > last:
            raise InvalidContent("The period ends before it begins.", pointer="/query/from")
        return await supplier_performance(connection, supplier_id, first=first, last=last, today=today)


@router.get("/{supplier_id}/products", response_model=TermsList, responses=responses_for(NotFound))
async def list_terms(supplier_id: UUID, caller: CurrentCaller, database: AppDatabase) -> Any:
    """List what a supplier offers and on which terms."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        await suppliers.read_supplier(connection, supplier_id)
        return {"items": await queries.list_terms(connection, supplier_id)}


@router.get(
    "/{supplier_id}/products/{variant_id}", response_model=TermsRead, responses=responses_for(NotFound)
)
async def read_terms(
    supplier_id: UUID,
    variant_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read what a variant costs at a supplier, its minimum, pack and lead time."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return answer(await suppliers.read_terms(connection, supplier_id, variant_id), request)


@router.put(
    "/{supplier_id}/products/{variant_id}",
    response_model=TermsRead,
    responses=responses_for(NotFound, UnknownReference, *VERSION_ERRORS),
)
async def put_terms(
    supplier_id: UUID,
    variant_id: UUID,
    terms: TermsWrite,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Record what a variant costs at a supplier; new terms need no version, a change does."""

    async def work(connection: AsyncConnection) -> TermsRead:
        return await suppliers.put_terms(
            connection,
            supplier_id,
            variant_id,
            terms,
            company_id=caller.require_company(),
            if_match=if_match,
        )

    return answer(await _in_transaction(database, caller, work), request)


@router.delete(
    "/{supplier_id}/products/{variant_id}",
    status_code=204,
    response_class=Response,
    responses=responses_for(NotFound, *VERSION_ERRORS),
)
async def archive_terms(
    supplier_id: UUID,
    variant_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """Stop ordering a variant from a supplier."""

    async def work(connection: AsyncConnection) -> None:
        await suppliers.archive_terms(connection, supplier_id, variant_id, if_match=if_match, now=now)

    await _in_transaction(database, caller, work)
    return Response(status_code=204)


async def _in_transaction(
    database: Database, caller: Caller, work: Callable[[AsyncConnection], Awaitable[Result]]
) -> Result:
    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
