"""Goods that came back: each unit to stock or written off; and the money for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import Violation
from api.fulfilment.invoicing import credit_parts
from api.inventory.holding import first_location
from api.inventory.ledger import Movement, move_stock
from api.orders import lines as order_lines
from api.orders import refunds
from api.orders.amounts import LinePart, line_part, total_of
from api.orders.lifecycle import follow_units, set_status
from api.pricing.rules import part_of_line
from api.returns import queries
from api.returns.errors import (
    NothingReceived,
    RefundTooLarge,
    TooMuchReceived,
    UnknownReturnLine,
    UnknownReturnLocation,
)
from api.returns.rules import Arrived
from api.returns.schemas import ReceivedLine, ReturnReceipt, ReturnRefund
from api.returns.service import lock_for_refund, lock_return, note_return, require_step


async def receive(
    connection: AsyncConnection, return_id: UUID, receipt: ReturnReceipt, *, caller: Caller, now: datetime
) -> None:
    """Take in what came of an approved return; units that did not come may be asked for again.

    Raises
    ------
    IllegalTransition
        With the return's status, if it is not approved.
    UnknownReturnLine, TooMuchReceived, NothingReceived, UnknownReturnLocation
        If the receipt does not fit the return.
    """
    order, found = await lock_return(connection, return_id, caller=caller)
    require_step(found, "received")
    asked = await queries.list_lines(connection, found["company_id"], return_id)
    arrived = _arrived(receipt.lines, asked)
    location_id = await first_location(
        connection, order["company_id"], order["shop_id"], location_id=receipt.location_id
    )
    if location_id is None:
        raise UnknownReturnLocation(pointer="/location_id")
    lines = {
        line["id"]: line
        for line in await order_lines.list_lines(connection, order["company_id"], order["id"])
    }
    parts = [line_part(lines[one.order_line_id], one.units, currency=order["currency"]) for one in arrived]
    await order_lines.add_units(
        connection,
        order["company_id"],
        "returned_units",
        {part.order_line_id: part.units for part in parts},
    )
    rows = _disposed(found, arrived, parts, asked, currency=order["currency"])
    await queries.replace_lines(connection, found, rows)
    await queries.update_return(
        connection,
        found,
        status="received",
        location_id=location_id,
        received_by=caller.user_id,
        received_at=now,
        returned_at=now,
        refund_amount=total_of(parts),
    )
    await _put_away(connection, order, return_id, location_id, arrived, lines, caller=caller, at=now)
    await note_return(connection, order, return_id, "received", note=None, at=now, caller=caller)
    await follow_units(connection, order, at=now, changed_by=caller.user_id, note="all units came back")


async def refund(
    connection: AsyncConnection, return_id: UUID, wanted: ReturnRefund, *, caller: Caller, now: datetime
) -> None:
    """Pay back a return that came: what its units were paid with, or less.

    An order of which all units came back and are paid back is refunded.
    """
    await lock_for_refund(connection, return_id, caller=caller)
    order, found = await lock_return(connection, return_id, caller=caller)
    require_step(found, "refunded")
    amount = found["refund_amount"] if wanted.refund_amount is None else wanted.refund_amount
    if amount > found["refund_amount"]:
        raise RefundTooLarge(
            pointer="/refund_amount", extensions={"refund_amount": str(found["refund_amount"])}
        )
    reason = wanted.note or found["reason"] or "return"
    given = await refunds.give_back(
        connection, order, amount=amount, reason=reason, key=return_id, user_id=caller.user_id
    )
    refund_id = None if given is None else given.refund_id
    amount = amount if given is None else given.amount
    await queries.update_return(
        connection,
        found,
        status="refunded",
        refunded_by=caller.user_id,
        refunded_at=now,
        refunded_amount=amount,
        refund_id=refund_id,
    )
    await _credit(connection, order, found, refund_id or return_id, amount, reason, at=now)
    await note_return(
        connection,
        order,
        return_id,
        "refunded",
        note=wanted.note,
        at=now,
        caller=caller,
        amount=str(amount),
        currency=order["currency"],
    )
    returns = await queries.list_returns_of(connection, order["company_id"], order["id"])
    if order["status"] == "returned" and all(one["status"] in ("refunded", "rejected") for one in returns):
        await set_status(connection, order, "refunded", at=now, note=wanted.note, changed_by=caller.user_id)


def _arrived(came: Sequence[ReceivedLine], asked: Sequence[Mapping[str, Any]]) -> list[Arrived]:
    by_id = {line["id"]: line for line in asked}
    unknown = [
        Violation(f"/lines/{place}/return_line_id", UnknownReturnLine.code, "Not a line of this return.")
        for place, line in enumerate(came)
        if line.return_line_id not in by_id
    ]
    if unknown:
        raise UnknownReturnLine(violations=unknown)
    arrived = [
        Arrived(
            line.return_line_id,
            by_id[line.return_line_id]["order_line_id"],
            by_id[line.return_line_id]["variant_id"],
            line.restocked_units,
            line.written_off_units,
        )
        for line in came
    ]
    too_many = [
        Violation(
            f"/lines/{place}",
            TooMuchReceived.code,
            f"{by_id[one.return_line_id]['quantity_units']} asked for.",
        )
        for place, one in enumerate(arrived)
        if one.units > by_id[one.return_line_id]["quantity_units"]
    ]
    if too_many:
        raise TooMuchReceived(violations=too_many)
    if not any(one.units for one in arrived):
        raise NothingReceived(pointer="/lines")
    return [one for one in arrived if one.units]


def _disposed(
    found: Mapping[str, Any],
    arrived: Sequence[Arrived],
    parts: Sequence[LinePart],
    asked: Sequence[Mapping[str, Any]],
    *,
    currency: str,
) -> list[dict[str, Any]]:
    """Write one row per line and disposition; their money adds up to the line's."""
    asked_for = {line["id"]: line for line in asked}
    rows = []
    for one, part in zip(arrived, parts, strict=True):
        dispositions = (
            ("restocked", 0, one.restocked_units),
            ("written_off", one.restocked_units, one.units),
        )
        for disposition, first, last in dispositions:
            if first == last:
                continue
            gross, net = (
                part_of_line(
                    whole,
                    units=last - first,
                    before_units=first,
                    quantity_units=one.units,
                    currency=currency,
                )
                for whole in (part.amount, part.net_amount)
            )
            rows.append(
                {
                    "company_id": found["company_id"],
                    "order_return_id": found["id"],
                    "order_line_id": one.order_line_id,
                    "variant_id": one.variant_id,
                    "quantity_units": last - first,
                    "unit_price_amount": asked_for[one.return_line_id]["unit_price_amount"],
                    "refund_amount": gross,
                    "net_refund_amount": net,
                    "disposition": disposition,
                    "reason": asked_for[one.return_line_id]["reason"],
                }
            )
    return rows


async def _put_away(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    return_id: UUID,
    location_id: UUID,
    arrived: Sequence[Arrived],
    lines: Mapping[UUID, Mapping[str, Any]],
    *,
    caller: Caller,
    at: datetime,
) -> None:
    """Write all that came into the ledger, and out again what is written off."""
    movements = []
    for one in arrived:
        came = Movement(
            location_id=location_id,
            variant_id=one.variant_id,
            delta_units=one.units,
            reason="return",
            reference_type="order_return",
            reference_id=return_id,
            unit_cost_amount=lines[one.order_line_id]["unit_cost_amount"],
        )
        movements.append(came)
        if one.written_off_units:
            movements.append(replace(came, delta_units=-one.written_off_units, reason="write_off"))
    await move_stock(
        connection,
        company_id=order["company_id"],
        movements=movements,
        actor_user_id=caller.user_id,
        occurred_at=at,
    )


async def _credit(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    found: Mapping[str, Any],
    source_id: UUID,
    amount: Decimal,
    reason: str,
    *,
    at: datetime,
) -> None:
    """Ask for the credit note over the units that came."""
    lines = await order_lines.list_lines(connection, order["company_id"], order["id"])
    came = [
        LinePart(
            row["order_line_id"],
            row["variant_id"],
            row["quantity_units"],
            row["refund_amount"],
            row["net_refund_amount"],
        )
        for row in await queries.list_lines(connection, found["company_id"], found["id"])
    ]
    await credit_parts(
        connection,
        order,
        lines,
        came,
        source_id=source_id,
        paid_back_amount=amount,
        reason=reason,
        at=at,
    )
