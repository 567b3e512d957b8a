"""The sweeper: pending orders that were not paid for or confirmed in time give their stock back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.inventory.reservations import find_companies_with_expired
from api.orders import queries
from api.orders.cancellation import expire
from api.orders.queries import OrderFilter
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_ORDERS_PER_COMPANY = 500


async def release_expired_reservations(database: Database, now: datetime) -> int:
    """Cancel the pending orders whose reservations have expired by ``now``; return how many.

    Each order is a transaction of its own and is looked at again under its lock, so that sweepers may run
    side by side and with buyers: an order expires once, or not at all if it was confirmed meanwhile.
    """
    async with transaction(database, company_id=None) as connection:
        company_ids = await find_companies_with_expired(connection, at=now)
    expired = 0
    for company_id in company_ids:
        async with transaction(database, company_id=company_id) as connection:
            order_ids = await queries.expired_order_ids(
                connection, company_id, at=now, limit=MOST_ORDERS_PER_COMPANY
            )
        for order_id in order_ids:
            expired += await _expire(database, company_id, order_id, now)
    return expired


async def _expire(database: Database, company_id: UUID, order_id: UUID, now: datetime) -> bool:
    async def work(connection: AsyncConnection) -> bool:
        order = await queries.lock_order(connection, company_id, order_id, OrderFilter())
        # Whatever becomes of a pending order takes this time away.
        expires_at = None if order is None else order["reservation_expires_at"]
        if order is None or expires_at is None or expires_at > now:
            return False
        await expire(connection, order, at=now)
        return True

    return await run_in_transaction(database, work, company_id=company_id)
