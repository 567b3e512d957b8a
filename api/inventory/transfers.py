"""Transfers: stock moves from one location to another by way of the company's location in transit.

Sending takes the units off the source and puts them in transit; what arrives goes from there to its
destination, and what is lost is written off there. So the ledger over all locations always adds up, and what
a transfer has in transit is what it sent less what arrived and was lost. Units keep their cost on the way, by
the company's method of valuation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import IllegalTransition, InvalidContent, NotFound, UnknownReference, Violation
from api.inventory import queries, transfer_queries
from api.inventory.errors import OverTransfer
from api.inventory.ledger import LevelKey, Movement, lock_levels, move_stock
from api.inventory.locations import transit_location
from api.inventory.rules import PricedUnits, arrival_status, split_by_cost, transfer_can_become
from api.inventory.transfer_schemas import Arrival, TransferCreate, TransferRead
from api.inventory.valuation import company_method, cost_layers
from core.events.outbox import append_event
from core.ids import new_id

Row = sa.RowMapping


async def create_transfer(
    connection: AsyncConnection, wanted: TransferCreate, *, caller: Caller, now: datetime
) -> TransferRead:
    """Draft a transfer; the same variant named twice is one line."""
    company_id = caller.require_company()
    if wanted.from_location_id == wanted.to_location_id:
        raise InvalidContent("It is there already.", pointer="/to_location_id")
    for name in ("from_location_id", "to_location_id"):
        # A shop's manager moves stock between locations on which the shop draws.
        if not await queries.exists_location(
            connection, company_id, getattr(wanted, name), shop_ids=caller.reachable_shop_ids
        ):
            raise UnknownReference("There is no such location.", pointer=f"/{name}")
    units: Counter[UUID] = Counter()
    for line in wanted.lines:
        units[line.variant_id] += line.units
    unknown = await queries.unknown_variants(connection, company_id, list(units))
    if unknown:
        raise UnknownReference(
            "There is no such variant.",
            violations=[
                Violation(f"/lines/{index}/variant_id", UnknownReference.code, "There is no such variant.")
                for index, line in enumerate(wanted.lines)
                if line.variant_id in unknown
            ],
        )
    transfer_id = new_id()
    await transfer_queries.insert_transfer(
        connection,
        {
            "company_id": company_id,
            "id": transfer_id,
            "transfer_number": await queries.next_document_number(connection, "TR", company_id, now),
            "from_location_id": wanted.from_location_id,
            "to_location_id": wanted.to_location_id,
            "expected_date": wanted.expected_date,
            "note": wanted.note,
            "created_by": caller.user_id,
        },
        units,
    )
    await _tell(connection, caller, transfer_id, "created")
    return await read_transfer(connection, transfer_id, caller=caller)


async def read_transfer(connection: AsyncConnection, transfer_id: UUID, *, caller: Caller) -> TransferRead:
    """Return a transfer from or to a location within the caller's reach."""
    found = await transfer_queries.get_transfer(
        connection, caller.require_company(), transfer_id, shop_ids=caller.reachable_shop_ids
    )
    if found is None:
        raise NotFound
    return TransferRead.model_validate(found)


async def send_transfer(
    connection: AsyncConnection, transfer_id: UUID, *, caller: Caller, now: datetime
) -> TransferRead:
    """Take the units off the source; they are on their way.

    Raises
    ------
    InsufficientStock
        If fewer than these are available at the source.
    """
    transfer = await _lock(connection, transfer_id, "sent", caller=caller)
    company_id = transfer["company_id"]
    lines = await transfer_queries.lines_of(connection, company_id, transfer_id)
    transit_id = await transit_location(connection, company_id)
    await _move(
        connection,
        transfer,
        {line["variant_id"]: line["units"] for line in lines},
        from_id=transfer["from_location_id"],
        to_id=transit_id,
        caller=caller,
        now=now,
    )
    await transfer_queries.update_transfer(
        connection, company_id, transfer_id, {"status": "sent", "sent_at": now, "sent_by": caller.user_id}
    )
    await _tell(connection, caller, transfer_id, "sent")
    return await read_transfer(connection, transfer_id, caller=caller)


async def receive_transfer(
    connection: AsyncConnection, transfer_id: UUID, arrival: Arrival, *, caller: Caller, now: datetime
) -> TransferRead:
    """Book what arrived and what was lost, all or some.

    Raises
    ------
    OverTransfer
        If that is more than is still on its way.
    """
    transfer = await _lock(connection, transfer_id, "received", caller=caller)
    company_id = transfer["company_id"]
    lines = {
        line["id"]: line for line in await transfer_queries.lines_of(connection, company_id, transfer_id)
    }
    received, lost = _arrived(arrival, lines)
    transit_id = await transit_location(connection, company_id)
    destination_id = transfer["to_location_id"]
    variants = {line_id: line["variant_id"] for line_id, line in lines.items()}
    # All levels at once, in the one order; the movements below lock them again for nothing.
    places = (transit_id, destination_id)
    touched = {variants[line_id] for line_id in received.keys() | lost.keys()}
    await lock_levels(connection, company_id, [(place, one) for place in places for one in touched])
    for units, to_id in ((received, destination_id), (lost, None)):
        await _move(
            connection,
            transfer,
            {variants[line_id]: count for line_id, count in units.items() if count},
            from_id=transit_id,
            to_id=to_id,
            caller=caller,
            now=now,
        )
    await transfer_queries.add_arrived(connection, company_id, received, lost)
    after = await transfer_queries.lines_of(connection, company_id, transfer_id)
    status = arrival_status((line["units"], line["received_units"] + line["lost_units"]) for line in after)
    await transfer_queries.update_transfer(
        connection,
        company_id,
        transfer_id,
        {"status": status, "closed_at": now if status == "received" else None},
    )
    await _tell(connection, caller, transfer_id, status)
    return await read_transfer(connection, transfer_id, caller=caller)


async def cancel_transfer(
    connection: AsyncConnection, transfer_id: UUID, *, reason: str, caller: Caller, now: datetime
) -> TransferRead:
    """Cancel a transfer of which nothing has arrived; what is on its way goes back to its source."""
    transfer = await _lock(connection, transfer_id, "cancelled", caller=caller)
    company_id = transfer["company_id"]
    if transfer["status"] == "sent":
        lines = await transfer_queries.lines_of(connection, company_id, transfer_id)
        await _move(
            connection,
            transfer,
            {line["variant_id"]: line["units"] for line in lines},
            from_id=await transit_location(connection, company_id),
            to_id=transfer["from_location_id"],
            caller=caller,
            now=now,
        )
    await transfer_queries.update_transfer(
        connection,
        company_id,
        transfer_id,
        {"status": "cancelled", "closed_at": now, "cancellation_reason": reason},
    )
    await _tell(connection, caller, transfer_id, "cancelled")
    return await read_transfer(connection, transfer_id, caller=caller)


def _arrived(arrival: Arrival, lines: Mapping[UUID, Row]) -> tuple[Counter[UUID], Counter[UUID]]:
    """Add up what arrived and what was lost by line, and refuse more than is on its way."""
    received: Counter[UUID] = Counter()
    lost: Counter[UUID] = Counter()
    for index, line in enumerate(arrival.lines):
        if line.line_id not in lines:
            raise UnknownReference("The transfer has no such line.", pointer=f"/lines/{index}/line_id")
        received[line.line_id] += line.received_units
        lost[line.line_id] += line.lost_units
    if not received.total() + lost.total():
        raise InvalidContent("Nothing arrived and nothing was lost.", pointer="/lines")
    open_units = {
        line_id: line["units"] - line["received_units"] - line["lost_units"]
        for line_id, line in lines.items()
    }
    over = [line_id for line_id in received if received[line_id] + lost[line_id] > open_units[line_id]]
    if over:
        raise OverTransfer(
            extensions={
                "lines": [{"line_id": line_id, "in_transit_units": open_units[line_id]} for line_id in over]
            }
        )
    return received, lost


async def _move(
    connection: AsyncConnection,
    transfer: Row,
    units: Mapping[UUID, int],
    *,
    from_id: UUID,
    to_id: UUID | None,
    caller: Caller,
    now: datetime,
) -> None:
    """Move units at what they cost; to nowhere: they are lost."""
    if not units:
        return
    company_id = transfer["company_id"]
    places = [from_id] if to_id is None else [from_id, to_id]
    keys: list[LevelKey] = [(place, variant_id) for place in places for variant_id in units]
    await lock_levels(connection, company_id, keys)
    layers = await cost_layers(
        connection,
        company_id,
        method=await company_method(connection, company_id),
        location_id=from_id,
        variant_ids=list(units),
    )
    movements: list[Movement] = []
    for variant_id, count in units.items():
        out_reason: Literal["transfer_out", "write_off"] = "write_off" if to_id is None else "transfer_out"
        movements.append(_movement(transfer, from_id, variant_id, PricedUnits(-count, None), out_reason))
        if to_id is not None:
            movements += [
                _movement(transfer, to_id, variant_id, priced, "transfer_in")
                for priced in split_by_cost(count, layers.get(variant_id, []))
            ]
    await move_stock(
        connection,
        company_id=company_id,
        movements=movements,
        actor_user_id=caller.user_id,
        occurred_at=now,
        quiet_location_ids={await transit_location(connection, company_id)},
    )


def _movement(
    transfer: Row,
    location_id: UUID,
    variant_id: UUID,
    priced: PricedUnits,
    reason: Literal["transfer_out", "transfer_in", "write_off"],
) -> Movement:
    return Movement(
        location_id=location_id,
        variant_id=variant_id,
        delta_units=priced.units,
        reason=reason,
        reference_type="transfer",
        reference_id=transfer["id"],
        unit_cost_amount=priced.unit_cost_amount,
    )


async def _lock(connection: AsyncConnection, transfer_id: UUID, next_status: str, *, caller: Caller) -> Row:
    transfer = await transfer_queries.lock_transfer(
        connection, caller.require_company(), transfer_id, shop_ids=caller.reachable_shop_ids
    )
    if transfer is None:
        raise NotFound
    if not transfer_can_become(transfer["status"], next_status):
        raise IllegalTransition.between(transfer["status"], next_status)
    return transfer


async def _tell(connection: AsyncConnection, caller: Caller, transfer_id: UUID, what: str) -> None:
    payload: dict[str, Any] = {"transfer_id": str(transfer_id), "status": what}
    await append_event(
        connection,
        company_id=caller.require_company(),
        type=f"transfer.{what}",
        aggregate_type="transfer",
        aggregate_id=transfer_id,
        payload=payload,
        actor_user_id=caller.user_id,
    )
