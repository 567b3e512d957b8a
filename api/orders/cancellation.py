"""Cancelling an order, or some units of it: stock, coupon and money go back together, exactly once.

What has left can not be cancelled, only returned. Of an order that was sent in part, cancelling all means all
that has not left. Shipping is given back when nothing is left to send (`amounts.shipping_share`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.coupons.service import give_back as give_coupons_back
from api.errors import IllegalTransition, Violation
from api.fulfilment.invoicing import credit_parts
from api.inventory.reservations import LineUnits, consume_reservation, end_reservations
from api.orders import queries, refunds, rules
from api.orders.amounts import LinePart, kept_units, line_part, open_units, shipping_share, total_of
from api.orders.errors import TooManyUnits, UnknownOrderLine
from api.orders.history import write_history
from api.orders.lifecycle import follow_units, set_status, tell
from api.orders.lines import add_units, list_lines
from core.ids import new_id

DEFAULT_REASON = "cancelled"


async def cancel(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    wanted: Mapping[UUID, int] | None = None,
    reason: str | None,
    at: datetime,
    user_id: UUID | None,
) -> dict[str, Any]:
    """Cancel units of a locked order by line (all that has not left, if not told which).

    Raises
    ------
    IllegalTransition
        With the current status, if nothing of the order can be cancelled any more.
    UnknownOrderLine, TooManyUnits
        If the order has no such line, or fewer units of it are left to cancel.
    """
    lines = await list_lines(connection, order["company_id"], order["id"])
    if order["status"] not in rules.CANCELLABLE_STATUSES:
        raise IllegalTransition.between(order["status"], "cancelled")
    units = {line["id"]: open_units(line) for line in lines if open_units(line)} if wanted is None else wanted
    check_units(lines, units)
    by_id = {line["id"]: line for line in lines}
    parts = [line_part(by_id[line_id], count, currency=order["currency"]) for line_id, count in units.items()]
    if sum(kept_units(line) for line in lines) == sum(units.values()):
        await give_coupons_back(connection, order["company_id"], order["id"], now=at)
    await _give_stock_back(connection, order, lines, parts, at=at)
    await add_units(connection, order["company_id"], "cancelled_units", dict(units))
    await _settle(connection, order, lines, parts, reason=reason, at=at, user_id=user_id)
    return await _follow(connection, order, parts, reason=reason, at=at, user_id=user_id)


async def expire(connection: AsyncConnection, order: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Cancel a locked pending order whose hold has run out; nothing was paid, so nothing is owed."""
    await give_coupons_back(connection, order["company_id"], order["id"], now=at)
    await end_reservations(
        connection, company_id=order["company_id"], owner_id=order["id"], ending="expired", at=at
    )
    lines = await list_lines(connection, order["company_id"], order["id"])
    units = {line["id"]: open_units(line) for line in lines if open_units(line)}
    await add_units(connection, order["company_id"], "cancelled_units", units)
    reason = "reservation expired"
    return await set_status(
        connection, order, "cancelled", at=at, note=reason, cancellation_reason=reason, expired_at=at
    )


def check_units(lines: Sequence[Mapping[str, Any]], wanted: Mapping[UUID, int]) -> None:
    """Refuse units that the order's lines have not left to send or to cancel.

    Raises
    ------
    UnknownOrderLine, TooManyUnits
        With a pointer to each line of the request that is at fault.
    """
    left = {line["id"]: open_units(line) for line in lines}
    unknown = [place for place, line_id in enumerate(wanted) if line_id not in left]
    if unknown:
        raise UnknownOrderLine(
            violations=[
                Violation(f"/lines/{place}/order_line_id", UnknownOrderLine.code, "Not a line of this order.")
                for place in unknown
            ]
        )
    violations = [
        Violation(f"/lines/{place}/quantity_units", TooManyUnits.code, f"{left[line_id]} left.")
        for place, (line_id, units) in enumerate(wanted.items())
        if units > left[line_id]
    ]
    if violations:
        raise TooManyUnits(violations=violations)


async def _give_stock_back(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    parts: Sequence[LinePart],
    *,
    at: datetime,
) -> None:
    """Release what the units held; all of it at once where nothing is left to send."""
    if sum(part.units for part in parts) == sum(open_units(line) for line in lines):
        await end_reservations(
            connection, company_id=order["company_id"], owner_id=order["id"], ending="released", at=at
        )
        return
    await consume_reservation(
        connection,
        company_id=order["company_id"],
        owner_id=order["id"],
        line_units=[LineUnits(part.order_line_id, part.units) for part in parts],
        ending="released",
        at=at,
    )


async def _settle(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    parts: Sequence[LinePart],
    *,
    reason: str | None,
    at: datetime,
    user_id: UUID | None,
) -> None:
    """Write the cancellation, ask for the money and correct the invoice."""
    cancellation_id = new_id()
    goods = total_of(parts)
    shipping = shipping_share(lines, order["shipping_amount"], parts)
    given = await refunds.give_back(
        connection,
        order,
        amount=goods + shipping,
        reason=reason or DEFAULT_REASON,
        key=cancellation_id,
        user_id=user_id,
    )
    refund_id = None if given is None else given.refund_id
    key = {"company_id": order["company_id"], "order_cancellation_id": cancellation_id}
    await queries.insert_cancellation(
        connection,
        {
            "company_id": order["company_id"],
            "id": cancellation_id,
            "order_id": order["id"],
            "reason": reason,
            "currency": order["currency"],
            "goods_amount": goods,
            "shipping_amount": shipping,
            "total_amount": goods + shipping,
            "refund_id": refund_id,
            "cancelled_by": user_id,
            "occurred_at": at,
        },
        [
            key | {"order_line_id": part.order_line_id, "quantity_units": part.units, "amount": part.amount}
            for part in parts
        ],
    )
    await credit_parts(
        connection,
        order,
        lines,
        parts,
        source_id=refund_id or cancellation_id,
        shipping_amount=shipping,
        paid_back_amount=None if given is None else given.amount,
        reason=reason,
        at=at,
    )


async def _follow(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    parts: Sequence[LinePart],
    *,
    reason: str | None,
    at: datetime,
    user_id: UUID | None,
) -> dict[str, Any]:
    """Tell of the cancellation and bring the order to the status that is left."""
    lines = await list_lines(connection, order["company_id"], order["id"])
    if rules.next_by_units(order["status"], lines) == "cancelled":
        return await set_status(
            connection,
            order,
            "cancelled",
            at=at,
            note=reason,
            changed_by=user_id,
            cancellation_reason=reason,
        )
    await write_history(connection, order, change="cancellation", at=at, note=reason, changed_by=user_id)
    told = [{"order_line_id": str(part.order_line_id), "quantity_units": part.units} for part in parts]
    await tell(connection, order, "order.partly_cancelled", user_id=user_id, lines=told)
    return await follow_units(connection, order, at=at, changed_by=user_id, note=reason)
