"""The job that closes delivered orders when nobody may return them any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.companies.return_window import return_window_days
from api.orders import queries
from api.orders.errors import ReturnOpen, ReturnWindowOpen
from api.orders.lifecycle import complete
from api.orders.queries import OrderFilter
from api.returns.open import has_open_return
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_ORDERS_PER_COMPANY = 500


async def complete_orders(database: Database, now: datetime) -> int:
    """Complete the delivered orders whose return window has passed by ``now``; return how many."""
    async with transaction(database, company_id=None) as connection:
        company_ids = await queries.find_companies_with_completable(connection, at=now)
    completed = 0
    for company_id in company_ids:
        async with transaction(database, company_id=company_id) as connection:
            days = await return_window_days(connection, company_id)
            order_ids = await queries.completable_order_ids(
                connection,
                company_id,
                delivered_until=now - timedelta(days=days),
                limit=MOST_ORDERS_PER_COMPANY,
            )
        for order_id in order_ids:
            completed += await _complete_one(database, company_id, order_id, now)
    return completed


async def _complete_one(database: Database, company_id: UUID, order_id: UUID, now: datetime) -> bool:
    async def work(connection: AsyncConnection) -> bool:
        order = await queries.lock_order(connection, company_id, order_id, OrderFilter(status="delivered"))
        if order is None:
            return False
        is_open = await has_open_return(connection, company_id, order_id)
        try:
            await complete(
                connection,
                order,
                has_open_return=is_open,
                at=now,
                note="the return window has passed",
                changed_by=None,
            )
        except (ReturnOpen, ReturnWindowOpen):
            return False
        return True

    return await run_in_transaction(database, work, company_id=company_id)
