"""What time does to carts: idle ones are abandoned, forgotten ones deleted, held stock given back.

Each piece is a transaction of its own and looks again under the lock, so that workers may run side by side
and beside the carts' owners.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.carts.tables import carts
from api.inventory.cart_holds import expire_holds, find_expired_holds, release_holds
from core.events.outbox import append_event
from core.postgres.pools import Database
from core.postgres.transaction import run_in_transaction, transaction

MOST_CARTS_AT_ONCE = 500

_FIND_DUE = sa.text("select company_id from carts_find_due(:idle_since, :at)")
_ABANDON = sa.text(
    """
    with idle as (
        select cart.id from carts as cart
        where cart.company_id = :company_id and cart.status = 'active'
        and cart.last_activity_at <= :idle_since
        order by cart.last_activity_at
        limit :limit
        for update skip locked
    )

    update carts set status = 'abandoned', abandoned_at = :at
    from idle
    where carts.company_id = :company_id and carts.id = idle.id
    returning
        carts.id,
        carts.customer_id,
        (
            select count(*) from cart_lines as line
            where line.company_id = carts.company_id and line.cart_id = carts.id
        ) as line_count
    """
)
_FORGET = sa.text(
    """
    with forgotten as (
        select cart.id from carts as cart
        where cart.company_id = :company_id and cart.status <> 'converted' and cart.expires_at <= :at
        order by cart.expires_at
        limit :limit
        for update skip locked
    ),

    emptied as (
        delete from cart_lines using forgotten
        where cart_lines.company_id = :company_id and cart_lines.cart_id = forgotten.id
    ),

    deleted as (
        delete from carts using forgotten
        where carts.company_id = :company_id and carts.id = forgotten.id
        returning carts.id
    )

    select id from deleted
    """
)
_FORGET_SAVED = sa.text("delete from saved_items where company_id = :company_id and expires_at <= :at")


async def sweep_carts(database: Database, now: datetime, *, abandoned_after: timedelta) -> int:
    """Do what is due in every company by ``now``; return how many carts it was done to."""
    idle_since = now - abandoned_after
    async with transaction(database, company_id=None) as connection:
        rows = await connection.execute(_FIND_DUE, {"idle_since": idle_since, "at": now})
        company_ids: list[UUID] = list(rows.scalars())
    done = 0
    for company_id in company_ids:
        for work in (
            partial(_abandon, company_id=company_id, idle_since=idle_since, at=now),
            partial(_forget, company_id=company_id, at=now),
        ):
            done += await run_in_transaction(database, work, company_id=company_id)
        done += await _give_back(database, company_id, at=now)
    return done


async def _abandon(
    connection: AsyncConnection, *, company_id: UUID, idle_since: datetime, at: datetime
) -> int:
    """Mark carts that nobody touched, and give back what they hold; one with something in it is told of."""
    values = {"company_id": company_id, "idle_since": idle_since, "at": at, "limit": MOST_CARTS_AT_ONCE}
    abandoned = (await connection.execute(_ABANDON, values)).all()
    await release_holds(connection, company_id, [cart.id for cart in abandoned], at=at)
    for cart in abandoned:
        if cart.line_count:
            await append_event(
                connection,
                company_id=company_id,
                type="cart.abandoned",
                aggregate_type="cart",
                aggregate_id=cart.id,
                payload={
                    "cart_id": str(cart.id),
                    "customer_id": None if cart.customer_id is None else str(cart.customer_id),
                    "line_count": cart.line_count,
                },
            )
    return len(abandoned)


async def _forget(connection: AsyncConnection, *, company_id: UUID, at: datetime) -> int:
    """Delete carts whose time is over, with their lines, and what guests saved; bought carts are kept."""
    await connection.execute(_FORGET_SAVED, {"company_id": company_id, "at": at})
    values = {"company_id": company_id, "at": at, "limit": MOST_CARTS_AT_ONCE}
    forgotten: Sequence[UUID] = (await connection.scalars(_FORGET, values)).all()
    await release_holds(connection, company_id, forgotten, at=at)
    return len(forgotten)


async def _give_back(database: Database, company_id: UUID, *, at: datetime) -> int:
    async with transaction(database, company_id=company_id) as connection:
        cart_ids = await find_expired_holds(connection, company_id, at=at, limit=MOST_CARTS_AT_ONCE)
    expired = 0
    for cart_id in cart_ids:
        work = partial(_expire, company_id=company_id, cart_id=cart_id, at=at)
        expired += await run_in_transaction(database, work, company_id=company_id)
    return expired


async def _expire(connection: AsyncConnection, *, company_id: UUID, cart_id: UUID, at: datetime) -> bool:
    """Lock the cart, if it is still there, then give back what it held for too long."""
    mine = sa.and_(carts.c.company_id == company_id, carts.c.id == cart_id)
    await connection.execute(sa.select(carts.c.id).where(mine).with_for_update())
    return await expire_holds(connection, company_id, cart_id, at=at)
