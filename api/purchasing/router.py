"""Suppliers, their terms, and restock orders from draft to receipt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import (
    IDEMPOTENCY_ERRORS,
    AlreadyExists,
    IllegalTransition,
    NotFound,
    UnknownReference,
    responses_for,
)
from api.idempotency import Keyed, KeyedRequest, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.purchasing import queries, service
from api.purchasing.errors import (
    ApprovalLimitExceeded,
    ExchangeRateRequired,
    OverReceipt,
    QuantityNotAccepted,
    SupplierDoesNotOffer,
)
from api.purchasing.schemas import (
    Reason,
    ReceiptCreate,
    RestockOrderCreate,
    RestockOrderPage,
    RestockOrderRead,
    RestockStatus,
    SupplierCreate,
    SupplierPage,
    SupplierRead,
    SupplierUpdate,
    TermsList,
    TermsRead,
    TermsWrite,
)
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

suppliers = APIRouter(prefix="/suppliers", tags=["suppliers"])
restock_orders = APIRouter(prefix="/restock-orders", tags=["restock orders"])

Step = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


@suppliers.post(
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
        row = await service.create_supplier(connection, supplier, company_id=caller.require_company())
        return Outcome(SupplierRead.model_validate(dict(row)), row["id"])

    return await answer_once(database, key, work)


@suppliers.get("", response_model=SupplierPage, responses=responses_for(InvalidCursor))
async def list_suppliers(
    caller: CurrentCaller,
    database: AppDatabase,
    is_active: Annotated[bool | None, Query()] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Any:
    """List suppliers by name."""
    binding = binding_of("suppliers by name", is_active=is_active)
    after = decode_cursor(cursor, binding=binding, types=(str, UUID))
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await queries.list_suppliers(
            connection,
            after=None if after is None else (after[0], after[1]),
            is_active=is_active,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["name"], row["id"])
    )
    return {"items": page, "next_cursor": next_cursor}


@suppliers.get("/{supplier_id}", response_model=SupplierRead, responses=responses_for(NotFound))
async def read_supplier(supplier_id: UUID, caller: CurrentCaller, database: AppDatabase) -> Any:
    """Read one supplier."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await service.read_supplier(connection, supplier_id)


@suppliers.patch("/{supplier_id}", response_model=SupplierRead, responses=responses_for(NotFound))
async def update_supplier(
    supplier_id: UUID, changes: SupplierUpdate, caller: CurrentCaller, database: AppDatabase
) -> Any:
    """Change some of a supplier's fields."""

    async def work(connection: AsyncConnection) -> queries.Row:
        return await service.update_supplier(connection, supplier_id, changes)

    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )


@suppliers.get("/{supplier_id}/products", response_model=TermsList, responses=responses_for(NotFound))
async def list_terms(supplier_id: UUID, caller: CurrentCaller, database: AppDatabase) -> Any:
    """List what a supplier offers and on which terms."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        await service.read_supplier(connection, supplier_id)
        return {"items": await queries.list_terms(connection, supplier_id)}


@suppliers.put(
    "/{supplier_id}/products/{variant_id}",
    response_model=TermsRead,
    responses=responses_for(NotFound, UnknownReference),
)
async def put_terms(
    supplier_id: UUID, variant_id: UUID, terms: TermsWrite, caller: CurrentCaller, database: AppDatabase
) -> Any:
    """Record what a variant costs at a supplier, its minimum, pack and lead time."""

    async def work(connection: AsyncConnection) -> queries.Row:
        return await service.put_terms(
            connection, supplier_id, variant_id, terms, company_id=caller.require_company()
        )

    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )


@restock_orders.post(
    "",
    status_code=201,
    response_model=RestockOrderRead,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        UnknownReference,
        SupplierDoesNotOffer,
        QuantityNotAccepted,
        ExchangeRateRequired,
    ),
)
async def create_restock_order(
    order: RestockOrderCreate, caller: CurrentCaller, key: Keyed, database: AppDatabase, now: Now
) -> Response:
    """Draft a restock order, priced from the supplier's terms."""
    return await _answer(
        database,
        key,
        lambda connection: service.create_order(connection, order, caller, now=now),
        status_code=201,
    )


@restock_orders.get("", response_model=RestockOrderPage, responses=responses_for(InvalidCursor))
async def list_restock_orders(
    caller: CurrentCaller,
    database: AppDatabase,
    status: Annotated[RestockStatus | None, Query()] = None,
    supplier_id: Annotated[UUID | None, Query()] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Any:
    """List restock orders, newest first."""
    binding = binding_of("restock orders newest first", status=status, supplier_id=supplier_id)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await queries.list_restock_orders(
            connection,
            after=None if after is None else (after[0], after[1]),
            status=status,
            supplier_id=supplier_id,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"].isoformat(), row["id"])
    )
    return {"items": page, "next_cursor": next_cursor}


@restock_orders.get("/{restock_order_id}", response_model=RestockOrderRead, responses=responses_for(NotFound))
async def read_restock_order(restock_order_id: UUID, caller: CurrentCaller, database: AppDatabase) -> Any:
    """Read one restock order with its lines."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        return await service.read_order(connection, restock_order_id)


_MOVED = responses_for(NotFound, IllegalTransition, *IDEMPOTENCY_ERRORS)


@restock_orders.post(
    "/{restock_order_id}/approve",
    response_model=RestockOrderRead,
    responses=responses_for(NotFound, IllegalTransition, ApprovalLimitExceeded, *IDEMPOTENCY_ERRORS),
)
async def approve_restock_order(
    restock_order_id: UUID, caller: CurrentCaller, key: Keyed, database: AppDatabase, now: Now
) -> Response:
    """Approve a draft, within the caller's limit."""
    return await _answer(
        database, key, lambda connection: service.approve(connection, restock_order_id, caller, now=now)
    )


@restock_orders.post("/{restock_order_id}/send", response_model=RestockOrderRead, responses=_MOVED)
async def send_restock_order(
    restock_order_id: UUID, caller: CurrentCaller, key: Keyed, database: AppDatabase, now: Now
) -> Response:
    """Mark an approved order as sent; its lead time runs from here."""
    return await _answer(
        database, key, lambda connection: service.send(connection, restock_order_id, caller, now=now)
    )


@restock_orders.post(
    "/{restock_order_id}/receive",
    response_model=RestockOrderRead,
    responses=responses_for(NotFound, IllegalTransition, OverReceipt, UnknownReference, *IDEMPOTENCY_ERRORS),
)
async def receive_restock_order(
    restock_order_id: UUID,
    receipt: ReceiptCreate,
    caller: CurrentCaller,
    key: Keyed,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Book goods that arrived, all or some: stock rises, and lead times learn from it."""
    return await _answer(
        database,
        key,
        lambda connection: service.receive(connection, restock_order_id, receipt, caller, now=now),
    )


@restock_orders.post("/{restock_order_id}/cancel", response_model=RestockOrderRead, responses=_MOVED)
async def cancel_restock_order(
    restock_order_id: UUID, reason: Reason, caller: CurrentCaller, key: Keyed, database: AppDatabase, now: Now
) -> Response:
    """Cancel an order of which nothing has arrived."""
    return await _answer(
        database,
        key,
        lambda connection: service.cancel(
            connection, restock_order_id, caller, reason=reason.reason, now=now
        ),
    )


async def _answer(database: Database, key: KeyedRequest, step: Step, *, status_code: int = 200) -> Response:
    async def work(connection: AsyncConnection) -> Outcome:
        order = await step(connection)
        return Outcome(RestockOrderRead.model_validate(order), order["id"])

    return await answer_once(database, key, work, status_code=status_code)


router = APIRouter()
router.include_router(suppliers)
router.include_router(restock_orders)
