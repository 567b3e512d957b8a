"""Use cases of shipments: send units of an order, follow them, deliver them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.errors import IllegalTransition, NotFound
from api.fulfilment import queries
from api.fulfilment.errors import AlreadyDelivered, EventInFuture, LocationNeeded, NotHeldThere
from api.fulfilment.invoicing import request_invoice
from api.fulfilment.schemas import ShipmentChange, ShipmentCreate, TrackingEventCreate
from api.inventory.errors import InsufficientStock, NotReserved
from api.inventory.holding import held_at
from api.inventory.reservations import EndedReservation, LineUnits
from api.inventory.service import ship_reserved_lines
from api.orders import rules
from api.orders.amounts import open_units
from api.orders.cancellation import check_units
from api.orders.errors import NotOnHand
from api.orders.history import write_history
from api.orders.lifecycle import follow_units, set_status, tell
from api.orders.lines import add_units, deliver_sent_units, list_lines
from core.ids import new_id

NO_TRACKING = ShipmentCreate()


async def send(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    shipment: ShipmentCreate = NO_TRACKING,
    *,
    at: datetime,
    user_id: UUID | None,
    note: str | None = None,
) -> list[UUID]:
    """Send units of a locked order (all that are open, if not told which), one shipment per location.

    Raises
    ------
    IllegalTransition
        With the current status, if nothing of the order can be sent.
    UnknownOrderLine, TooManyUnits, NotHeldThere, NotOnHand, LocationNeeded
        If the units are not the order's, or not there.
    """
    if order["status"] not in rules.SENDABLE_STATUSES:
        raise IllegalTransition.between(order["status"], "shipped")
    lines = await list_lines(connection, order["company_id"], order["id"])
    units = await _wanted(connection, order, shipment, lines)
    check_units(lines, units)
    if order["status"] == "confirmed":
        order = await set_status(connection, order, "processing", at=at, changed_by=user_id)
    sent = await _take(connection, order, units, shipment.location_id, at=at, user_id=user_id)
    if shipment.tracking_number is not None and len({part.location_id for part in sent}) > 1:
        raise LocationNeeded(pointer="/location_id")
    shipment_ids = await _write(connection, order, sent, shipment, at=at, user_id=user_id)
    await add_units(connection, order["company_id"], "fulfilled_units", units)
    await request_invoice(connection, order, at=at)
    why = note or shipment.note or shipment.tracking_number
    await write_history(connection, order, change="shipment", at=at, note=why, changed_by=user_id)
    await follow_units(connection, order, at=at, changed_by=user_id, note=note)
    return shipment_ids


async def deliver(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    shipment_ids: Sequence[UUID] | None = None,
    *,
    at: datetime,
    user_id: UUID | None,
    note: str | None = None,
) -> dict[str, Any]:
    """Mark shipments of a locked order as delivered; all that was sent, if not told which."""
    company_id = order["company_id"]
    if shipment_ids is None:
        shipped = await queries.list_shipments(connection, company_id, [order["id"]])
        shipment_ids = [one["id"] for one in shipped if one["status"] == "shipped"]
        await deliver_sent_units(connection, company_id, order["id"])
    else:
        units = await queries.shipment_units(connection, company_id, shipment_ids)
        await add_units(connection, company_id, "delivered_units", units)
    await queries.update_shipment(connection, company_id, shipment_ids, status="delivered", delivered_at=at)
    await write_history(connection, order, change="delivery", at=at, note=note, changed_by=user_id)
    return await follow_units(connection, order, at=at, changed_by=user_id, note=note)


async def change_shipment(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    shipment_id: UUID,
    change: ShipmentChange,
    *,
    at: datetime,
    user_id: UUID | None,
) -> None:
    """Correct who carries a shipment and how it is followed."""
    shipment = await _find(connection, order, shipment_id)
    values = change.model_dump(exclude_unset=True)
    if values.get("tracking_url") is not None:
        values["tracking_url"] = str(values["tracking_url"])
    if values:
        await queries.update_shipment(connection, order["company_id"], [shipment_id], **values)
    note = f"{shipment['shipment_number']}: {', '.join(sorted(values))}"
    await write_history(connection, order, change="shipment", at=at, note=note, changed_by=user_id)


async def add_event(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    shipment_id: UUID,
    event: TrackingEventCreate,
    *,
    at: datetime,
    user_id: UUID | None,
) -> None:
    """Write what a carrier tells about a shipment; ``delivered`` delivers it."""
    shipment = await _find(connection, order, shipment_id)
    occurred_at = event.occurred_at or at
    if occurred_at > at:
        raise EventInFuture(pointer="/occurred_at")
    if shipment["status"] == "delivered":
        raise AlreadyDelivered
    await queries.insert_event(
        connection,
        company_id=order["company_id"],
        shipment_id=shipment_id,
        status=event.status,
        location=event.location,
        description=event.description,
        occurred_at=occurred_at,
        reported_by=user_id,
    )
    await tell(
        connection,
        order,
        "shipment.tracked",
        user_id=user_id,
        about=shipment_id,
        shipment_id=str(shipment_id),
        tracking_status=event.status,
        location=event.location,
    )
    if event.status == "delivered":
        await deliver(
            connection, order, [shipment_id], at=max(occurred_at, shipment["shipped_at"]), user_id=user_id
        )


async def _find(connection: AsyncConnection, order: Mapping[str, Any], shipment_id: UUID) -> queries.Row:
    shipment = await queries.find_shipment(connection, order["company_id"], order["id"], shipment_id)
    if shipment is None:
        raise NotFound
    return shipment


async def _wanted(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    shipment: ShipmentCreate,
    lines: Sequence[Mapping[str, Any]],
) -> dict[UUID, int]:
    """Return the units of each line that leave: those named, or all that wait there to be sent."""
    if shipment.lines is not None:
        return {line.order_line_id: line.quantity_units for line in shipment.lines}
    if shipment.location_id is None:
        return {line["id"]: open_units(line) for line in lines if open_units(line)}
    held = await held_at(connection, order["company_id"], order["id"], shipment.location_id)
    if not held:
        raise NotHeldThere
    return held


async def _take(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    units: Mapping[UUID, int],
    location_id: UUID | None,
    *,
    at: datetime,
    user_id: UUID | None,
) -> list[EndedReservation]:
    try:
        return await ship_reserved_lines(
            connection,
            company_id=order["company_id"],
            order_id=order["id"],
            line_units=[LineUnits(line_id, count, location_id) for line_id, count in units.items()],
            reference=("order", order["id"]),
            actor_user_id=user_id,
            occurred_at=at,
        )
    except NotReserved as error:
        raise NotHeldThere(extensions=error.extensions) from None
    except InsufficientStock as error:
        raise NotOnHand(extensions=error.extensions) from None


async def _write(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    sent: Sequence[EndedReservation],
    shipment: ShipmentCreate,
    *,
    at: datetime,
    user_id: UUID | None,
) -> list[UUID]:
    """Write one shipment per location, and its event."""
    company_id = order["company_id"]
    count = await queries.count_shipments(connection, company_id, order["id"])
    shipment_ids = []
    for place, location_id in enumerate(dict.fromkeys(part.location_id for part in sent), start=count + 1):
        key = {"company_id": company_id, "shipment_id": new_id()}
        lines = [
            key
            | {
                "order_line_id": part.owner_line_id,
                "variant_id": part.variant_id,
                "quantity_units": part.reserved_units,
            }
            for part in sent
            if part.location_id == location_id
        ]
        values = {
            "company_id": company_id,
            "id": key["shipment_id"],
            "order_id": order["id"],
            "location_id": location_id,
            "shipment_number": f"{order['order_number']}/{place}",
            "carrier": shipment.carrier,
            "tracking_number": shipment.tracking_number,
            "tracking_url": None if shipment.tracking_url is None else str(shipment.tracking_url),
            "estimated_delivery_at": shipment.estimated_delivery_at,
            "shipped_at": at,
            "note": shipment.note,
            "created_by": user_id,
        }
        await queries.insert_shipment(connection, values, lines)
        await tell(
            connection,
            order,
            "shipment.sent",
            user_id=user_id,
            about=key["shipment_id"],
            shipment_id=str(key["shipment_id"]),
            shipment_number=values["shipment_number"],
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
        )
        shipment_ids.append(key["shipment_id"])
    return shipment_ids
