"""How an order goes from one status to the next, by a person or by what happens to its goods.

The caller holds the order's lock. Stock is locked after it, coupons are given back in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.companies.return_window import return_window_days
from api.errors import IllegalTransition
from api.inventory.reservations import keep_reservations
from api.orders import queries, rules
from api.orders.errors import ReturnOpen, ReturnWindowOpen
from api.orders.history import write_history
from api.orders.lines import list_lines
from core.events.outbox import append_event


async def set_status(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    status: str,
    *,
    at: datetime,
    note: str | None = None,
    changed_by: UUID | None = None,
    **values: Any,
) -> dict[str, Any]:
    """Write a status with its time, its history and its event; return the order as it is then.

    Raises
    ------
    IllegalTransition
        With the current status, if it does not lead there.
    """
    if not rules.can_follow(order["status"], status):
        raise IllegalTransition.between(order["status"], status)
    values |= {"status": status, "reservation_expires_at": values.get("reservation_expires_at")}
    if f"{status}_at" in order:
        values[f"{status}_at"] = at
    await queries.update_order(connection, order, **values)
    await write_history(
        connection, order, change="status", to_status=status, at=at, note=note, changed_by=changed_by
    )
    await tell(
        connection,
        order,
        rules.EVENT_TYPES[status],
        user_id=changed_by,
        from_status=order["status"],
        status=status,
    )
    return {**order, **values}


async def confirm(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    at: datetime,
    note: str | None,
    changed_by: UUID | None,
) -> dict[str, Any]:
    """Confirm a pending order: what it holds no longer expires."""
    confirmed = await set_status(connection, order, "confirmed", at=at, note=note, changed_by=changed_by)
    await keep_reservations(connection, company_id=order["company_id"], owner_id=order["id"])
    return confirmed


async def complete(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    has_open_return: bool,
    at: datetime,
    note: str | None,
    changed_by: UUID | None,
) -> dict[str, Any]:
    """Close a delivered order whose return window has passed and of which nothing is on its way back."""
    if not rules.can_become(order["status"], "completed"):
        raise IllegalTransition.between(order["status"], "completed")
    days = await return_window_days(connection, order["company_id"])
    if not rules.may_complete(order["delivered_at"], return_window_days=days, now=at):
        raise ReturnWindowOpen(extensions={"return_window_days": days})
    if has_open_return:
        raise ReturnOpen
    return await set_status(connection, order, "completed", at=at, note=note, changed_by=changed_by)


async def follow_units(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    *,
    at: datetime,
    changed_by: UUID | None,
    note: str | None = None,
) -> dict[str, Any]:
    """Bring the order to the status that its lines' units bring about, step by step."""
    lines = await list_lines(connection, order["company_id"], order["id"])
    followed = dict(order)
    while (status := rules.next_by_units(followed["status"], lines)) is not None:
        followed = await set_status(connection, followed, status, at=at, note=note, changed_by=changed_by)
    return followed


async def tell(
    connection: AsyncConnection,
    order: Mapping[str, Any],
    type: str,
    *,
    user_id: UUID | None,
    about: UUID | None = None,
    **more: Any,
) -> None:
    """Write an event about an order, or about something of it: a shipment, a return (``about``)."""
    await append_event(
        connection,
        company_id=order["company_id"],
        type=type,
        aggregate_type="order" if about is None else type.partition(".")[0],
        aggregate_id=about or order["id"],
        payload={
            "order_id": str(order["id"]),
            "order_number": order["order_number"],
            "shop_id": str(order["shop_id"]),
            "customer_id": None if order["customer_id"] is None else str(order["customer_id"]),
            **more,
        },
        actor_user_id=user_id,
    )
