"""An order's shipments, where they are, and its invoice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller, CurrentCaller
from api.dependencies import AppDatabase, Now
from api.errors import IDEMPOTENCY_ERRORS, IllegalTransition, NotFound, responses_for
from api.fulfilment import queries, service
from api.fulfilment.errors import (
    AlreadyDelivered,
    EventInFuture,
    InvoiceNotIssued,
    LocationNeeded,
    NotHeldThere,
)
from api.fulfilment.reading import read_shipments
from api.fulfilment.schemas import (
    InvoiceList,
    InvoiceRead,
    ShipmentChange,
    ShipmentCreate,
    ShipmentList,
    ShipmentRead,
    TrackingEventCreate,
    TrackingRead,
)
from api.idempotency import Keyed, Outcome, answer_once
from api.orders.access import find_order, lock_order
from api.orders.errors import NotOnHand, TooManyUnits, UnknownOrderLine
from api.orders.guests import OrderCaller
from core.postgres.transaction import run_in_transaction, transaction

router = APIRouter(prefix="/orders/{order_id}", tags=["fulfilment"])
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/shipments",
    status_code=201,
    response_model=ShipmentList,
    responses=responses_for(
        *IDEMPOTENCY_ERRORS,
        NotFound,
        IllegalTransition,
        UnknownOrderLine,
        TooManyUnits,
        NotHeldThere,
        NotOnHand,
        LocationNeeded,
    ),
)
async def create_shipment(
    order_id: UUID,
    shipment: ShipmentCreate,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Send units of an order; where they lie at several locations, each sends its own shipment."""

    async def work(connection: AsyncConnection) -> Outcome:
        order = await lock_order(connection, order_id, caller=caller)
        sent = await service.send(connection, order, shipment, at=now, user_id=caller.user_id)
        rows = await queries.list_shipments(connection, order["company_id"], [order_id])
        made = [ShipmentRead.model_validate(row) for row in rows if row["id"] in sent]
        return Outcome(ShipmentList(items=made), resource_id=sent[0])

    return await answer_once(database, keyed, work)


@router.get("/shipments", responses=responses_for(NotFound))
async def list_shipments(order_id: UUID, caller: OrderCaller, database: AppDatabase) -> ShipmentList:
    """List an order's shipments, the first first."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await find_order(connection, order_id, caller=caller)
        return ShipmentList(items=await read_shipments(connection, order["company_id"], order_id))


@router.patch("/shipments/{shipment_id}", responses=responses_for(NotFound))
async def change_shipment(
    order_id: UUID,
    shipment_id: UUID,
    change: ShipmentChange,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> ShipmentRead:
    """Correct who carries a shipment and how it is followed."""

    async def work(connection: AsyncConnection) -> ShipmentRead:
        order = await lock_order(connection, order_id, caller=caller)
        await service.change_shipment(connection, order, shipment_id, change, at=now, user_id=caller.user_id)
        return await _shipment(connection, order["company_id"], order_id, shipment_id)

    return await run_in_transaction(
        database, work, company_id=caller.require_company(), user_id=caller.user_id
    )


@router.post(
    "/shipments/{shipment_id}/events",
    status_code=201,
    response_model=ShipmentRead,
    responses=responses_for(*IDEMPOTENCY_ERRORS, NotFound, AlreadyDelivered, EventInFuture),
)
async def add_tracking_event(
    order_id: UUID,
    shipment_id: UUID,
    event: TrackingEventCreate,
    keyed: Keyed,
    caller: CurrentCaller,
    database: AppDatabase,
    now: Now,
) -> Response:
    """Write what a carrier tells; `delivered` delivers the shipment, and the order with its last one."""

    async def work(connection: AsyncConnection) -> Outcome:
        order = await lock_order(connection, order_id, caller=caller)
        await service.add_event(connection, order, shipment_id, event, at=now, user_id=caller.user_id)
        shipment = await _shipment(connection, order["company_id"], order_id, shipment_id)
        return Outcome(shipment, resource_id=shipment_id)

    return await answer_once(database, keyed, work)


@router.get("/tracking", responses=responses_for(NotFound))
async def track_order(order_id: UUID, caller: OrderCaller, database: AppDatabase) -> TrackingRead:
    """Tell where an order is: its shipments with carrier, number, link and events."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await find_order(connection, order_id, caller=caller)
        rows = await queries.list_shipments(connection, order["company_id"], [order_id])
    expected = [row["estimated_delivery_at"] for row in rows if row["estimated_delivery_at"] is not None]
    return TrackingRead.model_validate(
        {
            **order,
            "order_id": order_id,
            "estimated_delivery_at": max(expected, default=None),
            "shipments": rows,
        }
    )


@router.get("/invoices", responses=responses_for(NotFound))
async def list_invoices(order_id: UUID, caller: OrderCaller, database: AppDatabase) -> InvoiceList:
    """List an order's invoice and credit notes."""
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await find_order(connection, order_id, caller=caller)
        rows = await queries.list_invoices(connection, order["company_id"], order_id)
        return InvoiceList(items=[InvoiceRead.model_validate(dict(row)) for row in rows])


@router.get("/invoice", response_class=Response, responses=PDF | responses_for(InvoiceNotIssued))
async def get_invoice(
    order_id: UUID, caller: OrderCaller, database: AppDatabase, request: Request
) -> Response:
    """Give an order's invoice as PDF; it never changes once it is there."""
    return await _file(order_id, None, caller, database, request)


@router.get("/invoices/{invoice_id}", response_class=Response, responses=PDF | responses_for(NotFound))
async def get_invoice_file(
    order_id: UUID, invoice_id: UUID, caller: OrderCaller, database: AppDatabase, request: Request
) -> Response:
    """Give one of an order's documents, such as a credit note, as PDF."""
    return await _file(order_id, invoice_id, caller, database, request)


async def _file(
    order_id: UUID, invoice_id: UUID | None, caller: Caller, database: AppDatabase, request: Request
) -> Response:
    async with transaction(
        database, company_id=caller.require_company(), user_id=caller.user_id
    ) as connection:
        order = await find_order(connection, order_id, caller=caller)
        found = await queries.find_file(connection, order["company_id"], order_id, invoice_id)
    if found is None:
        raise InvoiceNotIssued if invoice_id is None else NotFound
    etag = f'"{bytes(found["pdf_sha256"]).hex()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{found["invoice_number"]}.pdf"',
    }
    if etag in {part.strip() for part in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(bytes(found["pdf"]), media_type="application/pdf", headers=headers)


async def _shipment(
    connection: AsyncConnection, company_id: UUID, order_id: UUID, shipment_id: UUID
) -> ShipmentRead:
    rows = await queries.list_shipments(connection, company_id, [order_id])
    [row] = [row for row in rows if row["id"] == shipment_id]
    return ShipmentRead.model_validate(row)
