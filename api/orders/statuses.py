"""Use cases that change an order as a whole: cancel, next status, notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import Forbidden, IllegalTransition
from api.fulfilment.service import deliver, send
from api.orders import queries, refunds, rules
from api.orders.access import lock_order
from api.orders.cancellation import cancel
from api.orders.history import write_history
from api.orders.lifecycle import complete, confirm, set_status, tell
from api.orders.schemas import OrderCancel, OrderNotes
from api.permissions import Scope
from api.returns.open import has_open_return


async def cancel_order(
    connection: AsyncConnection, order_id: UUID, wanted: OrderCancel, *, caller: Caller, now: datetime
) -> None:
    """Cancel an order, or units of it; cancelling a cancelled order as a whole again changes nothing."""
    await refunds.lock_money(connection, caller.require_company(), order_id)
    order = await lock_order(connection, order_id, caller=caller)
    if order["status"] == "cancelled" and wanted.lines is None:
        return
    units = None if wanted.lines is None else {x.order_line_id: x.quantity_units for x in wanted.lines}
    await cancel(connection, order, wanted=units, reason=wanted.reason, at=now, user_id=caller.user_id)


async def change_status(
    connection: AsyncConnection,
    order_id: UUID,
    status: str,
    *,
    caller: Caller,
    note: str | None,
    now: datetime,
) -> None:
    """Bring an order to its next status, with what this means for its goods.

    ``shipped`` sends all that is open, ``delivered`` delivers all that was sent.

    Raises
    ------
    IllegalTransition
        With the current status, if it does not lead there.
    NotOnHand
        If it should be shipped and promised units have not come in yet.
    ReturnWindowOpen, ReturnOpen
        If it should be completed and may still be returned, or is being returned.
    """
    if status == "cancelled":
        await refunds.lock_money(connection, caller.require_company(), order_id)
    order = await lock_order(connection, order_id, caller=caller)
    user_id = caller.user_id
    if not rules.can_become(order["status"], status):
        raise IllegalTransition.between(order["status"], status)
    match status:
        case "cancelled":
            await cancel(connection, order, reason=note, at=now, user_id=user_id)
        case "confirmed":
            await confirm(connection, order, at=now, note=note, changed_by=user_id)
        case "shipped":
            await send(connection, order, at=now, user_id=user_id, note=note)
        case "delivered":
            await deliver(connection, order, at=now, user_id=user_id, note=note)
        case "completed":
            is_open = await has_open_return(connection, order["company_id"], order_id)
            await complete(connection, order, has_open_return=is_open, at=now, note=note, changed_by=user_id)
        case _:
            await set_status(connection, order, status, at=now, note=note, changed_by=user_id)


async def change_notes(
    connection: AsyncConnection, order_id: UUID, notes: OrderNotes, *, caller: Caller, now: datetime
) -> None:
    """Write an order's notes: staff both, customers their own until the goods have left."""
    order = await lock_order(connection, order_id, caller=caller)
    values: dict[str, Any] = notes.model_dump(exclude_unset=True)
    if caller.scope is Scope.OWN:
        if "internal_note" in values:
            raise Forbidden("Internal notes are the staff's.")
        if order["status"] not in rules.CANCELLABLE_STATUSES:
            raise IllegalTransition.between(order["status"], order["status"])
    changed = {name: value for name, value in values.items() if order[name] != value}
    if not changed:
        return
    await queries.update_order(connection, order, **changed)
    why = f"{', '.join(sorted(changed))} changed"
    await write_history(connection, order, change="note", at=now, note=why, changed_by=caller.user_id)
    await tell(connection, order, "order.noted", user_id=caller.user_id, changed=sorted(changed))
