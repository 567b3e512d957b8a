"""Use cases of returns: ask, approve or reject, receive, refund.

Each locks the order first: what may still come back is counted under that lock, so two requests for the last
unit, or a receipt beside a request, take turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.companies.return_window import return_window_days
from api.errors import IllegalTransition, NotFound, Violation
from api.fulfilment.deliveries import delivered_line_units, has_shipments
from api.orders import lines as order_lines
from api.orders import refunds
from api.orders.access import find_order, lock_any_order, lock_order
from api.orders.errors import UnknownOrderLine
from api.orders.history import write_history
from api.orders.lifecycle import tell
from api.permissions import Scope
from api.returns import queries, rules
from api.returns.errors import NotReturnable, ReturnWindowClosed
from api.returns.schemas import ReturnCreate
from core.ids import new_id

ZERO = Decimal(0)


async def request_return(
    connection: AsyncConnection, order_id: UUID, wanted: ReturnCreate, *, caller: Caller, now: datetime
) -> UUID:
    """Ask to send units of an order back, and return the return's id.

    Raises
    ------
    IllegalTransition
        With the order's status, if nothing of it may come back.
    UnknownOrderLine, NotReturnable, ReturnWindowClosed
        If the units are not the order's, did not arrive, are returned already, or arrived too long ago.
    """
    order = await lock_order(connection, order_id, caller=caller)
    if order["status"] not in rules.RETURNABLE_ORDER_STATUSES:
        raise IllegalTransition.between(order["status"], "returned")
    lines = {
        line["id"]: line for line in await order_lines.list_lines(connection, order["company_id"], order_id)
    }
    may = await _returnable(connection, order, list(lines.values()), now=now)
    units = _wanted_units(wanted, lines, may)
    reasons = {line.order_line_id: line.reason for line in wanted.lines or ()}
    return_id = new_id()
    await queries.insert_return(
        connection,
        {
            "company_id": order["company_id"],
            "id": return_id,
            "order_id": order_id,
            "customer_id": order["customer_id"],
            "shop_id": order["shop_id"],
            "reason": wanted.reason,
            "returned_at": now,
            "requested_by": caller.user_id,
            "requested_at": now,
        },
        [
            {
                "company_id": order["company_id"],
                "order_return_id": return_id,
                "order_line_id": line_id,
                "variant_id": lines[line_id]["variant_id"],
                "quantity_units": count,
                "unit_price_amount": lines[line_id]["unit_price_amount"],
                "refund_amount": ZERO,
                "reason": reasons.get(line_id),
            }
            for line_id, count in units.items()
        ],
    )
    await note_return(connection, order, return_id, "requested", note=wanted.reason, at=now, caller=caller)
    return return_id


async def decide(
    connection: AsyncConnection,
    return_id: UUID,
    status: str,
    *,
    caller: Caller,
    note: str | None,
    now: datetime,
) -> None:
    """Approve a return, or reject it."""
    order, found = await lock_return(connection, return_id, caller=caller)
    require_step(found, status)
    await queries.update_return(
        connection,
        found,
        status=status,
        decided_by=caller.user_id,
        decided_at=now,
        decision_note=note,
    )
    await note_return(connection, order, return_id, status, note=note, at=now, caller=caller)


async def find_visible(connection: AsyncConnection, return_id: UUID, *, caller: Caller) -> queries.Row:
    """Return a return that the caller may see."""
    found = await queries.find_return(connection, caller.require_company(), return_id)
    if found is None or (found["order_id"] is None and caller.scope is Scope.OWN):
        raise NotFound
    if caller.scope is Scope.OWN:
        await find_order(connection, found["order_id"], caller=caller)
        return found
    shops = caller.reachable_shop_ids
    if shops is not None and found["shop_id"] not in shops:
        raise NotFound
    return found


async def lock_return(
    connection: AsyncConnection, return_id: UUID, *, caller: Caller
) -> tuple[queries.Row, queries.Row]:
    """Lock the order of a return, and read the return under that lock."""
    found = await find_visible(connection, return_id, caller=caller)
    if found["order_id"] is None:
        raise NotFound("An imported return without an order can't be changed.")
    order = await lock_any_order(connection, found["company_id"], found["order_id"])
    locked = await queries.find_return(connection, found["company_id"], return_id)
    if order is None or locked is None:
        raise NotFound
    return order, locked


def require_step(found: Mapping[str, Any], status: str) -> None:
    """Refuse a step that does not follow, with the present status named."""
    if not rules.can_become(found["status"], status):
        raise IllegalTransition.between(found["status"], status)


async def note_return(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    return_id: UUID,
    status: str,
    *,
    note: str | None,
    at: datetime,
    caller: Caller,
    **more: Any,
) -> None:
    """Write a return's step into the order's history, and its event."""
    why = f"return {status}" + (f": {note}" if note else "")
    await write_history(connection, order, change="return", at=at, note=why, changed_by=caller.user_id)
    await tell(
        connection,
        order,
        f"return.{status}",
        user_id=caller.user_id,
        about=return_id,
        return_id=str(return_id),
        **more,
    )


async def lock_for_refund(connection: AsyncConnection, return_id: UUID, *, caller: Caller) -> None:
    """Lock the payment of a return's order, which comes before the order in the order of locks."""
    found = await find_visible(connection, return_id, caller=caller)
    if found["order_id"] is not None:
        await refunds.lock_money(connection, found["company_id"], found["order_id"])


async def _returnable(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> dict[UUID, rules.Returnable]:
    company_id, order_id = order["company_id"], order["id"]
    days = await return_window_days(connection, company_id)
    since = now - timedelta(days=days)
    on_their_way = await queries.open_return_units(connection, company_id, order_id)
    recent = await delivered_line_units(connection, company_id, order_id, since=since)
    arrived = {line["id"]: line["delivered_units"] for line in lines}
    if order["delivered_at"] and not await has_shipments(connection, company_id, order_id):
        # Imported: it says when the order arrived, and knows no shipments.
        arrived = {line["id"]: line["fulfilled_units"] for line in lines}
        recent = arrived if order["delivered_at"] > since else {}
    return {
        line["id"]: rules.returnable(
            line,
            arrived=arrived[line["id"]],
            recent=recent.get(line["id"], 0),
            open_units=on_their_way.get(line["id"], 0),
        )
        for line in lines
    }


def _wanted_units(
    wanted: ReturnCreate,
    lines: Mapping[UUID, Mapping[str, Any]],
    may: Mapping[UUID, rules.Returnable],
) -> dict[UUID, int]:
    if wanted.lines is None:
        units = {line_id: found.units for line_id, found in may.items() if found.units}
        if not units:
            is_late = any(found.arrived_units > 0 for found in may.values())
            raise ReturnWindowClosed if is_late else NotReturnable
        return units
    units = {line.order_line_id: line.quantity_units for line in wanted.lines}
    faults: dict[type[UnknownOrderLine | NotReturnable | ReturnWindowClosed], list[Violation]] = {}
    for place, (line_id, count) in enumerate(units.items()):
        if line_id not in lines:
            _fault(faults, UnknownOrderLine, f"/lines/{place}/order_line_id", "Not a line of this order.")
        elif count > may[line_id].arrived_units:
            left = max(may[line_id].arrived_units, 0)
            _fault(faults, NotReturnable, f"/lines/{place}/quantity_units", f"{left} may be returned.")
        elif count > may[line_id].units:
            _fault(
                faults,
                ReturnWindowClosed,
                f"/lines/{place}/quantity_units",
                f"{may[line_id].units} arrived within the window.",
            )
    for error in (UnknownOrderLine, NotReturnable, ReturnWindowClosed):
        if error in faults:
            raise error(violations=faults[error])
    return units


def _fault(
    faults: dict[type[UnknownOrderLine | NotReturnable | ReturnWindowClosed], list[Violation]],
    error: type[UnknownOrderLine | NotReturnable | ReturnWindowClosed],
    pointer: str,
    detail: str,
) -> None:
    faults.setdefault(error, []).append(Violation(pointer, error.code, detail))
