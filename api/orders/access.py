"""Which orders a caller may see, and the lock under which they change."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.access import Caller
from api.errors import NotFound
from api.orders import queries
from api.orders.queries import OrderFilter
from api.permissions import Scope


def visible_to(caller: Caller) -> OrderFilter:
    """Return the filter that leaves the orders which the caller may list; a guest may list none."""
    if caller.scope is Scope.OWN:
        if caller.customer_id is None:
            raise NotFound
        return OrderFilter(own_customer_id=caller.customer_id)
    return OrderFilter(reachable_shop_ids=caller.reachable_shop_ids)


async def find_order(connection: AsyncConnection, order_id: UUID, *, caller: Caller) -> queries.Row:
    """Return an order that the caller may see."""
    order = await queries.find_order(connection, caller.require_company(), order_id, _opens_to(caller))
    if order is None:
        raise NotFound
    return order


async def find_numbered_order(
    connection: AsyncConnection, order_number: str, *, caller: Caller
) -> queries.Row:
    """Return an order that the caller may see, by its number.

    One statement compares the number and whose it is, so its answer and work are the same whichever is wrong.
    """
    order = await queries.find_numbered_order(
        connection, caller.require_company(), order_number, _opens_to(caller)
    )
    if order is None:
        raise NotFound
    return order


async def lock_order(connection: AsyncConnection, order_id: UUID, *, caller: Caller) -> queries.Row:
    """Return an order that the caller may see and that nobody else changes in the meantime."""
    order = await queries.lock_order(connection, caller.require_company(), order_id, _opens_to(caller))
    if order is None:
        raise NotFound
    return order


async def lock_any_order(connection: AsyncConnection, company_id: UUID, order_id: UUID) -> queries.Row | None:
    """Return an order of the company under its lock, for callers who may see what hangs on it."""
    return await queries.lock_order(connection, company_id, order_id, OrderFilter())


def _opens_to(caller: Caller) -> OrderFilter:
    """Return the filter that one order must pass: for a guest, by what they show."""
    if caller.scope is Scope.OWN and caller.guest_proof is not None:
        return OrderFilter(guest_proof=caller.guest_proof)
    return visible_to(caller)
