"""Restock orders from draft to receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import CurrentCaller
from api.conditional import VERSION_ERRORS, IfMatch, IfNoneMatch, answer
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, UnknownReference, responses_for
from api.idempotency import Keyed, KeyedRequest, Outcome, answer_once
from api.pagination import InvalidCursor, PageCursor, PageLimit, binding_of, decode_cursor, split_page
from api.purchasing import queries, receipt_queries, receiving, service
from api.purchasing.documents import as_csv, as_pdf, document_of
from api.purchasing.errors import (
    ApprovalLimitExceeded,
    ExchangeRateRequired,
    OverReceipt,
    QuantityNotAccepted,
    RestockOrderFixed,
    SupplierDoesNotOffer,
)
from api.purchasing.schemas import (
    Reason,
    ReceiptCreate,
    ReceiptPage,
    ReceiptRead,
    RestockOrderCreate,
    RestockOrderPage,
    RestockOrderRead,
    RestockOrderUpdate,
    RestockStatus,
)
from api.purchasing.supplier_router import router as supplier_router
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

restock_orders = APIRouter(prefix="/restock-orders", tags=["restock orders"])

Step = Callable[[AsyncConnection], Awaitable[dict[str, Any]]]


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
    location_id: Annotated[UUID | None, Query()] = None,
    is_late: Annotated[bool | None, Query(description="Sent, not all here, and its day has passed")] = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> Any:
    """List restock orders, newest first."""
    filters = {
        "status": status,
        "supplier_id": supplier_id,
        "location_id": location_id,
        "is_late": is_late,
    }
    binding = binding_of("restock orders newest first", **filters)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await queries.list_restock_orders(
            connection,
            after=None if after is None else (after[0], after[1]),
            filters=filters,
            limit=limit,
        )
    page, next_cursor = split_page(
        rows, limit=limit, binding=binding, position_of=lambda row: (row["created_at"].isoformat(), row["id"])
    )
    return {"items": page, "next_cursor": next_cursor}


@restock_orders.get("/receipts", responses=responses_for(InvalidCursor))
async def list_receipts(
    caller: CurrentCaller,
    database: AppDatabase,
    restock_order_id: UUID | None = None,
    supplier_id: UUID | None = None,
    location_id: UUID | None = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> ReceiptPage:
    """List the goods that came, newest first."""
    filters = {
        "restock_order_id": restock_order_id,
        "supplier_id": supplier_id,
        "location_id": location_id,
    }
    binding = binding_of("receipts newest first", **filters)
    after = decode_cursor(cursor, binding=binding, types=(datetime.fromisoformat, UUID))
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        rows = await receipt_queries.list_receipts(
            connection,
            filters=filters,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    page, next_cursor = split_page(
        rows,
        limit=limit,
        binding=binding,
        position_of=lambda row: (row["received_at"].isoformat(), row["id"]),
    )
    return ReceiptPage(items=[ReceiptRead.model_validate(dict(row)) for row in page], next_cursor=next_cursor)


@restock_orders.get("/{restock_order_id}", response_model=RestockOrderRead, responses=responses_for(NotFound))
async def read_restock_order(
    restock_order_id: UUID,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read one restock order with its lines, and what a buyer should look at."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await service.read_order(connection, restock_order_id)
    return answer(service.as_read(order), request)


@restock_orders.patch(
    "/{restock_order_id}",
    response_model=RestockOrderRead,
    responses=responses_for(
        NotFound, RestockOrderFixed, SupplierDoesNotOffer, QuantityNotAccepted, *VERSION_ERRORS
    ),
)
async def update_restock_order(
    restock_order_id: UUID,
    changes: RestockOrderUpdate,
    request: Request,
    caller: CurrentCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> Response:
    """Change the expected date or the note, and the lines of a draft."""

    async def work(connection: AsyncConnection) -> RestockOrderRead:
        return await service.update_order(connection, restock_order_id, changes, caller, if_match=if_match)

    changed = await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )
    return answer(changed, request)


_DOCUMENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "text/csv": {"schema": {"type": "string"}},
        }
    }
}


@restock_orders.get(
    "/{restock_order_id}/document",
    response_class=Response,
    responses=_DOCUMENTS | responses_for(NotFound),
)
async def read_document(
    restock_order_id: UUID,
    caller: CurrentCaller,
    database: AppDatabase,
    format: Annotated[Literal["pdf", "csv"], Query(description="PDF to send, CSV to load")] = "pdf",
) -> Response:
    """Print the order for the supplier."""
    company_id = caller.require_company()
    async with transaction(database, company_id=company_id, user_id=caller.user_id) as connection:
        order = await service.read_order(connection, restock_order_id)
        document = await document_of(connection, order, company_id=company_id)
    headers = {"Content-Disposition": f'inline; filename="{order["restock_number"]}.{format}"'}
    if format == "csv":
        return Response(as_csv(order), media_type="text/csv", headers=headers)
    pdf = await asyncio.to_thread(as_pdf, document)
    return Response(pdf, media_type="application/pdf", headers=headers)


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
        lambda connection: receiving.receive(connection, restock_order_id, receipt, caller, now=now),
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


@restock_orders.post("/{restock_order_id}/close-short", response_model=RestockOrderRead, responses=_MOVED)
async def close_restock_order_short(
    restock_order_id: UUID, reason: Reason, caller: CurrentCaller, key: Keyed, database: AppDatabase, now: Now
) -> Response:
    """Close an order though not all of it has come."""
    return await _answer(
        database,
        key,
        lambda connection: service.close_short(
            connection, restock_order_id, caller, reason=reason.reason, now=now
        ),
    )


async def _answer(database: Database, key: KeyedRequest, step: Step, *, status_code: int = 200) -> Response:
    async def work(connection: AsyncConnection) -> Outcome:
        order = await step(connection)
        return Outcome(service.as_read(order), order["id"])

    return await answer_once(database, key, work, status_code=status_code)


router = APIRouter()
router.include_router(supplier_router)
router.include_router(restock_orders)
